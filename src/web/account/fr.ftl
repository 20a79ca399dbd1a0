# Entrer, et ce qui ouvre le compte.

login-name = Identifiant
passphrase = Phrase de passe
passphrase-help = Au moins 12 caractères. Quatre mots sans rapport entre eux se retiennent bien et se devinent mal.
passkey-failed = L’appareil n’a pas donné de clé d’accès. Réessayez, ou prenez un autre moyen.
passkey-script = Les clés d’accès ont besoin de script. Autorisez-le pour cette page, ou prenez une phrase de passe.
or = ou
print = Imprimer

activate-title = Ouvrez votre accès
activate-lead = Le code figure sur la feuille qui vous a été remise au guichet.
activate-code = Code
activate-code-help = 27 lettres et chiffres. Majuscules et tirets sont sans importance. Un code de secours de 16 signes convient aussi.
activate-continue = Continuer
activate-none = Pas de code, ou un code qui ne marche plus ? Le guichet qui vous a inscrit vous en donne un autre sur présentation de votre pièce d’identité. Vos pseudonymes restent les mêmes.

open-title = Comment entrerez-vous ?
open-lead-activation = Le code est bon. Choisissez ce qui ouvrira désormais votre accès ; le code ne servira plus ensuite.
open-lead-counter = Le code est bon. Choisissez ce qui ouvrira désormais votre accès. Ce qui l’ouvrait avant ne l’ouvrira plus ; vos pseudonymes restent.
open-lead-paper = Le code de secours est bon. Ajoutez un nouveau moyen d’entrer, puis supprimez celui que vous avez perdu.
open-best = Conseillé
open-passkey = Une clé d’accès
open-passkey-text = Votre téléphone, votre ordinateur ou une clé de sécurité vous reconnaît par le doigt, le visage ou un code. Rien à retenir, et aucun faux site ne peut vous la prendre.
open-passkey-do = Créer une clé d’accès
open-passphrase = Une phrase de passe
open-passphrase-text = Si vous n’avez pas de tel appareil. L’identifiant ci-dessous vous sera demandé à chaque fois.
open-login-help = Notez-le : il figure aussi sur votre feuille. Il ne dit rien de vous.
open-passphrase-do = Prendre cette phrase de passe

welcome-title = Votre accès est ouvert
welcome-lead = Vous pouvez désormais parler sur des forums sous un nom de votre choix, avec des qualités vérifiées.
welcome-forum = Allez sur un forum
welcome-forum-text = Choisissez-y « Se connecter avec Heteronym ».
welcome-name = Choisissez votre pseudonyme
welcome-name-text = Un autre dans chaque forum. Avant que rien ne soit dit, vous voyez exactement quoi, et combien de gens le partagent.
welcome-see = Gardez la main
welcome-see-text = Votre page montre ce que chaque forum a reçu. Un bouton suffit pour le retirer.
welcome-codes = Si vous perdiez votre appareil
welcome-codes-text = Dix codes de secours à imprimer et à ranger. Sans eux, il faudrait revenir au guichet.

codes-title = Vos codes de secours
codes-lead = Ils sont montrés maintenant et jamais plus. Imprimez-les ou notez-les, et gardez-les chez vous.
codes-use = Chacun ouvre votre accès une fois : entrez-le à la place du code de la feuille, puis prenez une nouvelle clé d’accès ou phrase de passe.
codes-where = Où l’entrer
codes-done = Je les ai rangés

sign-in-title = Se connecter
sign-in-lead = Aucun forum ne voit cette page, ni comment vous vous connectez.
sign-in-onward = Vous continuerez ensuite vers { $forum }.
sign-in-again = Est-ce toujours vous ?
sign-in-again-lead = Avant de continuer, prouvez encore une fois que c’est vous.
sign-in-passkey = Se connecter avec une clé d’accès
sign-in-passphrase = Se connecter avec la phrase de passe
login-help = Dix signes, comme 7K2MX-9QRTV ; il figure sur votre feuille.
sign-in-first = Première fois ici ?
sign-in-lost = Appareil ou phrase de passe perdus ?
sign-in-paper = Prendre un code de secours

access-title = Ce qui ouvre votre compte
access-lead = Clés d’accès, phrase de passe, codes de secours, et où vous êtes connecté en ce moment.
access-prove = Vous vous êtes connecté il y a quelque temps. Pour changer quoi que ce soit ici, prouvez encore une fois que c’est vous.
access-prove-do = Le prouver maintenant
access-passkeys = Clés d’accès
access-passkeys-none = Vous n’en avez pas. C’est le moyen d’entrer le plus sûr et le plus rapide.
access-passkey = Clé d’accès
access-synced = Sur plusieurs appareils
access-device = Appareil
access-since = Depuis
access-used = Dernier usage
access-remove = Supprimer…
access-remove-passkey = Cette clé n’ouvrira plus rien, et vos autres sessions prendront fin.
access-remove-passphrase = La phrase de passe n’ouvrira plus rien, et vos autres sessions prendront fin.
access-remove-do = Supprimer
access-label = Nom de la nouvelle clé d’accès
access-label-example = Mon téléphone
access-passkey-add = Ajouter une clé d’accès
access-set = Choisie
access-unset = Aucune
access-passphrase-first = Choisissez une phrase de passe
access-passphrase-new = Choisissez une autre phrase de passe
access-passphrase-do = Enregistrer la phrase de passe
access-codes = Codes de secours
access-codes-left = { $n ->
    [0] Vous n’en avez pas : sans votre appareil, il faudrait revenir au guichet.
    [one] Il en reste un.
   *[other] Il en reste { $n }.
}
access-codes-make = Créer dix codes de secours
access-codes-replace = Les précédents ne vaudront plus.
access-sessions = Où vous êtes connecté
access-means = Par
access-began = Connecté
access-seen = Dernier passage
access-here = Cet appareil
access-unknown-device = Navigateur inconnu
access-end = Terminer
access-end-others = Terminer toutes les autres sessions
access-done-passkey-added = La clé d’accès est ajoutée. Vos autres sessions ont pris fin.
access-done-passphrase-set = La phrase de passe est enregistrée. Vos autres sessions ont pris fin.
access-done-removed = C’est supprimé. Vos autres sessions ont pris fin.
access-done-session-ended = Cette session a pris fin.
access-done-others-ended = Toutes les autres sessions ont pris fin.
method-device-key = Clé d’accès d’un seul appareil
method-synced-key = Clé d’accès
method-passphrase = Phrase de passe

ago-now = à l’instant
ago-minutes = il y a { $n } minutes
ago-hours = il y a { $n } heures
ago-days = il y a { $n } jours
