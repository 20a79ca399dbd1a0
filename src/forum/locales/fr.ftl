# Les mots du forum. Chaque message existe aussi dans en.ftl ; un test compare les deux.

forum-boards = Rubriques
forum-sign-in = Se connecter avec { $provider }
forum-sign-in-beside = Se connecter avec { $provider } dans un nouvel onglet
forum-sign-out = Se déconnecter
forum-me = Ce que ce forum sait de vous
forum-about = À propos
forum-moderation = Modération
forum-reports-open = { $count ->
    [one] { $count } signalement
   *[other] { $count } signalements
}
forum-foot = Les personnes ici sont réelles et vérifiées ; ce forum ne sait pas qui elles sont.
forum-back = Retour
forum-yes = oui
forum-no = non

# Les personnes
forum-a-member = un membre
forum-a-former-member = un ancien membre
forum-member-number = Membre { $number }
forum-age-between = { $from }–{ $to } ans
forum-age-under = moins de { $age } ans
forum-age-over = { $age } ans et plus
forum-role-agent = agent de la collectivité
forum-role-elected = élu·e
forum-role-animator = animateur·rice
forum-verified = vérifié
forum-verified-person = personne vérifiée
forum-badge-by = Vérifié par { $provider }.
forum-badge-as-of = Valable pour { $year }.
forum-badge-chosen = Le nom a été choisi librement.
forum-badge-partial = Le nom est une partie du nom vérifié.
forum-badge-pseudonym = Personne ici ne sait de qui il s’agit ; une même personne n’a qu’un pseudonyme sur ce forum.
forum-moderator = modération

# Le temps
forum-just-now = à l’instant
forum-minutes-ago = { $count ->
    [one] il y a une minute
   *[other] il y a { $count } minutes
}
forum-hours-ago = { $count ->
    [one] il y a une heure
   *[other] il y a { $count } heures
}
forum-on-date = le { $date }

# Rubriques et sujets
forum-topics = { $count ->
    [0] Aucun sujet pour l’instant
    [one] { $count } sujet
   *[other] { $count } sujets
}
forum-replies = { $count ->
    [0] aucune réponse
    [one] { $count } réponse
   *[other] { $count } réponses
}
forum-all-topics = Tous les sujets
forum-nothing-yet = Personne n’a encore écrit ici.
forum-new-topic = Nouveau sujet
forum-poll-result = Résultat
forum-poll = Sondage
forum-closed = Fermé
forum-hidden = Masqué
forum-who-starts = Pour ouvrir un sujet : { $rule }
forum-who-replies = Pour répondre : { $rule }
forum-previous = Page précédente
forum-next = Page suivante

# Règles
forum-rule-anyone = tout membre
forum-rule-age = { $years } ans ou plus
forum-rule-residence = habiter { $areas }
forum-rule-role = { $role }
forum-rule-and = { $first } et { $second }
forum-rule-or = { $first } ou { $second }

# Écrire
forum-write-reply = Répondre
forum-reply-label = Votre réponse
forum-title-label = Titre
forum-body-label = Message
forum-body-help = Texte simple. Une ligne vide commence un paragraphe ; les adresses qui commencent par https:// deviennent des liens.
forum-send = Publier
forum-publish-as = Vous écrivez sous le nom { $name }
forum-as-of = Ce qui est vérifié à votre sujet date de votre connexion du { $date }, il y a sept jours au plus ; une nouvelle connexion le met à jour.
forum-edit = Corriger
forum-edit-title = Corriger votre message
forum-edit-help = Un message peut être corrigé pendant dix minutes après sa publication.
forum-save = Enregistrer
forum-edited = corrigé
forum-hidden-post = La modération a masqué ce message.
forum-topic-closed = Ce sujet est fermé : on ne peut plus y répondre.
forum-sign-in-to-reply = Connectez-vous pour répondre.
forum-sign-in-to-vote = Connectez-vous pour voter.
forum-poll-legend = Ajouter un sondage (facultatif)
forum-poll-options-label = Réponses au choix
forum-poll-options-help = Une par ligne, de 2 à 10. Le titre est la question. Laissez vide pour ne pas faire de sondage.
forum-poll-closes-label = Dernier jour
forum-poll-closes-help = Facultatif. Le sondage se ferme à la fin de ce jour (UTC).

# Sondages
forum-vote = Voter
forum-voted = Votre voix est comptée. Le forum retient que vous avez voté, pas ce que vous avez choisi.
forum-poll-voices = { $count ->
    [0] Aucune voix pour l’instant
    [one] { $count } voix
   *[other] { $count } voix
}
forum-poll-rule = Peuvent voter : { $rule } ; une voix par personne.
forum-poll-open-until = Ouvert jusqu’au { $date }
forum-poll-ended = Ce sondage est terminé.
forum-poll-percent = { $percent } %
forum-poll-once = Une voix par personne, garantie par la base de données. Votre choix s’ajoute au total et n’est pas conservé à côté de votre pseudonyme ; il ne peut plus être changé ensuite.

# Refus
forum-refused-title = Ce n’est pas encore possible
forum-refused-topic = Pour ouvrir un sujet dans « { $board } », il faut des qualités que vous n’avez pas montrées.
forum-refused-vote = Pour voter dans ce sondage, il faut des qualités que vous n’avez pas montrées.
forum-refused-needed = Ce qu’il faut
forum-need-age-missing = { $years } ans ou plus : vous n’avez pas partagé votre tranche d’âge avec ce forum.
forum-need-age-other = { $years } ans ou plus : vous avez partagé « { $shared } », ce qui ne le montre pas.
forum-need-residence-missing = Habiter { $areas } : vous n’avez pas partagé votre lieu de résidence avec ce forum.
forum-need-residence-other = Habiter { $areas } : vous avez partagé « { $shared } ».
forum-need-role-missing = { $role } : vous n’avez partagé aucun rôle avec ce forum.
forum-need-role-other = { $role } : ce n’est aucun des rôles que vous avez partagés.
forum-need-all = Tout ceci :
forum-need-any = L’un de ceux-ci suffit :
forum-need-voice = Une personne, une voix : { $provider } ne dit pas que vous n’avez qu’un pseudonyme ici. Reconnectez-vous ; si cela persiste, prévenez le responsable du forum.
forum-refused-share = Si c’est vrai pour vous, vous pouvez le partager : { $provider } vous montrera exactement ce qui serait transmis, et vous décidez à nouveau.
forum-refused-share-button = Le partager
forum-share-beside = Le partager, dans un nouvel onglet
forum-refused-for-good = Partager davantage n’y changerait rien : la règle demande autre chose que ce qui est vérifié à votre sujet. Si ce n’est plus à jour, faites-le corriger au guichet où votre inscription a été faite, puis reconnectez-vous.
forum-muted-title = Vous ne pouvez pas écrire pour le moment
forum-muted-until = La modération a suspendu votre écriture jusqu’au { $date }.
forum-muted = La modération a suspendu votre écriture.
forum-banned-title = Ce forum vous est fermé
forum-banned-until = L’exclusion prend fin le { $date }. Elle vaut sous n’importe quel nom.
forum-banned = L’exclusion n’a pas de date de fin. Elle vaut sous n’importe quel nom.
forum-reason = Motif : { $reason }
forum-banned-rights = Vous pouvez toujours voir ce que ce forum sait de vous, et le quitter.

# Ce qui n’a pas marché
forum-fault-empty = { $field } : écrivez quelque chose.
forum-fault-long = { $field } : { $most } caractères au plus.
forum-fault-options = Réponses au choix : écrivez-en de 2 à 10, différentes, une par ligne, de 100 caractères au plus.
forum-fault-date = Dernier jour : choisissez un jour à partir d’aujourd’hui, dans l’année qui vient.
forum-fault-option = Choisissez l’une des réponses.
forum-fault-closed = Ce sondage ou ce sujet a été fermé entre-temps.
forum-fault-window = Les dix minutes pour corriger ce message sont passées.
forum-fault-reason = Dites pourquoi : la personne le lit.
forum-fault-days = Pour combien de jours : un nombre entier de 1 à 3660, ou rien.
forum-fault-code = Ce n’est pas le code affiché au démarrage du forum, ou quelqu’un l’a déjà utilisé.
forum-fault-signed-out = Pas encore publié : votre session a pris fin. Votre texte est toujours là. Connectez-vous dans un nouvel onglet, puis revenez ici et envoyez-le de nouveau.
forum-fault-stale = Pas encore publié : quelqu’un s’est connecté ou déconnecté dans ce navigateur depuis l’ouverture de cette page. Vérifiez votre texte et le nom sous lequel il paraîtra, puis envoyez-le de nouveau.
forum-fault-quality = Pas publié : il faut pour cela une qualité que vous ne partagez plus avec ce forum. Votre texte est toujours là.
forum-fault-sanction = Pas publié : la modération en a décidé autrement entre-temps, comme l’indique le haut de cette page. Votre texte est toujours là, pour que vous puissiez le copier.
forum-fault-pace = Pas encore publié : vous avez écrit beaucoup de messages ces dernières minutes. Votre texte est toujours là. Attendez dix minutes, puis envoyez-le.
forum-fault-hidden = Pas publié : ce dont il s’agit n’est plus visible ici ; la modération l’a masqué entre-temps.
forum-kept-title = Ceci n’a pas été publié
forum-kept-copy = Voici votre texte, pour que vous puissiez le copier et le garder :

# Connexion
forum-refusal-title = La connexion n’a pas abouti
forum-refusal-lead = La réponse de { $provider } n’a pas pu être acceptée : { $why }
forum-refusal-stored = Rien n’a été enregistré.
forum-refusal-again = Réessayer
forum-refusal-unreachable = { $provider } est injoignable pour le moment. Réessayez dans quelques minutes.
forum-refusal-discovery = l’adresse configurée ici n’est pas celle de { $provider }, ou elle se décrit mal. C’est au responsable de ce forum d’y regarder.
forum-refusal-denied = vous, ou { $provider } pour vous, avez choisi de ne pas continuer. C’est votre droit : rien n’a été partagé.
forum-refusal-unavailable = { $provider } dit ne pas pouvoir servir pour le moment. Réessayez dans quelques minutes.
forum-refusal-misconfigured = { $provider } a trouvé une erreur dans la demande de ce forum. C’est au responsable de ce forum d’y regarder.
forum-refusal-state = elle n’appartient à aucune connexion commencée dans ce navigateur, ou à une connexion déjà terminée. Recommencez depuis ce forum.
forum-refusal-incomplete = il en manque une partie. Recommencez depuis ce forum.
forum-refusal-issuer = elle vient d’un autre émetteur que celui auquel ce forum fait confiance.
forum-refusal-code = son code a déjà servi, ou il est trop ancien. Recommencez depuis ce forum.
forum-refusal-token = son jeton d’identité manque ou ne peut pas être lu.
forum-refusal-audience = elle a été faite pour un autre forum.
forum-refusal-nonce = elle répond à une autre connexion que celle-ci.
forum-refusal-algorithm = elle est signée autrement que convenu.
forum-refusal-signature = sa signature est fausse.
forum-refusal-expired = elle a expiré, ou ses dates ne peuvent pas être vraies.
forum-refusal-subject = ses deux moitiés parlent de personnes différentes, ou de personne.
forum-refusal-userinfo = la déclaration à votre sujet n’a pas pu être lue.
forum-refusal-log-absent = { $provider } ne montre aucun journal public de ce qu’il délivre, et ce forum ne croit rien qui n’y figure pas. C’est au responsable de ce forum d’y regarder.
forum-refusal-log-broken = Le journal public de { $provider } n’est plus celui que ce forum a vu jusqu’ici : personne ne peut se connecter ici tant que le responsable n’y a pas regardé. Ce qui a été trouvé figure à la page « À propos ».
forum-refusal-log-missing = elle vient sans la preuve qu’elle figure au journal public.
forum-refusal-log-malformed = la preuve qu’elle figure au journal public ne peut pas être lue.
forum-refusal-log-origin = sa preuve est celle d’un autre journal que celui de { $provider } pour cette année.
forum-refusal-log-signature = sa preuve n’est signée par aucune clé du journal public que ce forum connaît.
forum-refusal-log-inclusion = sa preuve ne tient pas : l’entrée n’est pas au journal public.
forum-refusal-log-kind = son entrée au journal public parle d’autre chose que d’une connexion.
forum-refusal-log-token = son entrée au journal public est celle d’une autre connexion.
forum-refusal-log-kid = son entrée au journal public nomme une autre clé que celle qui l’a signée.
forum-refusal-log-hour = son entrée au journal public est d’une autre heure.
forum-refusal-log-tag = son entrée au journal public n’est pas au nom de votre pseudonyme.
forum-refusal-log-owner = son entrée au journal public est à un autre nom que celles de vos connexions précédentes ici.
forum-refusal-log-number = son entrée au journal public porte le numéro de votre dernière connexion ici.
forum-signed-out-title = Votre session est fermée
forum-signed-out = Ce navigateur ne vous connaît plus ici.
forum-signed-out-still = { $provider } vous connaît encore : sur un ordinateur partagé, déconnectez-vous là aussi.
forum-signed-out-everywhere = Votre session est fermée ici et chez { $provider }.
forum-sign-out-there = Se déconnecter aussi de { $provider }

# Ce que ce forum sait
forum-me-lead = Voici tout ce que ce forum a enregistré à votre sujet. Cela vient de { $provider }, comme vous l’avez accepté ; le forum ne connaît ni votre nom, ni votre date de naissance, ni votre adresse.
forum-me-sub = Votre identifiant ici (sub)
forum-me-sub-help = Fait pour ce seul forum. Aucun autre forum ne l’a, et on ne peut pas en remonter la trace sans { $provider }.
forum-me-name = Nom affiché
forum-me-name-assurance = Sorte de nom
forum-me-name-chosen = choisi librement
forum-me-name-partial = une partie du nom vérifié
forum-me-audience = Qui voit le nom
forum-me-audience-members = les membres connectés seulement
forum-me-audience-public = tout le monde
forum-me-indexable = Les moteurs de recherche peuvent montrer le nom
forum-me-age-bracket = Tranche d’âge
forum-me-over-18 = 18 ans ou plus
forum-me-residence = Lieu de résidence
forum-me-sex = Sexe (ISO 5218)
forum-me-roles = Rôles
forum-me-groups = Groupes
forum-me-per-person = Pseudonymes par personne ici
forum-me-as-of = Valable pour
forum-me-joined = Première connexion
forum-me-signed-in = Dernière connexion
forum-me-signed-in-help = Tout ce que { $provider } dit dans ce tableau date de ce jour et sera mis à jour à votre prochaine connexion. Une session dure sept jours au plus : ce que vous partagez n’est donc jamais plus ancien quand vous écrivez ou votez.
forum-me-moderator = Modération depuis
forum-me-log-owner = Votre nom au journal public
forum-me-log-owner-help = Une empreinte par laquelle ce forum voit que toutes vos connexions sont au même nom. Personne ne peut avec elle trouver vos connexions dans le journal.
forum-me-log-last = Votre dernier numéro au journal public
forum-me-log-last-help = Son empreinte, par laquelle ce forum voit si des connexions à votre nom sont allées ailleurs.
forum-me-not-shared = non partagé
forum-me-written = Ce que vous avez écrit
forum-me-voted = Sondages où vous avez voté
forum-me-voted-help = Ce que vous avez choisi n’est pas enregistré.
forum-me-reports = Ce que vous avez signalé
forum-me-trail = Ce que la modération a fait à votre sujet
forum-me-none = Rien.
forum-me-message = Message { $id }
forum-me-download = Tout télécharger (JSON)
forum-me-change = Changer ce que vous partagez
forum-me-change-help = { $provider } montre ce qui est partagé et vous redemande. Ce que vous retirez disparaît ici à cette connexion.
forum-leave = Quitter ce forum
forum-leave-help = Votre adhésion et tout ce qui figure dans le tableau ci-dessus sont supprimés. Vos messages restent, écrits par « un ancien membre ». Une exclusion, et le fait d’avoir voté dans un sondage, restent sous la forme d’une empreinte qui ne vous nomme pas.
forum-leave-sure = Quitter pour de bon ?
forum-leave-button = Oui, supprimer mon adhésion
forum-leave-cancel = Non, rester
forum-left-title = Vous avez quitté ce forum
forum-left = Votre adhésion est supprimée. { $provider } garde la liste de ce que vous avez accepté de partager avec ce forum ; vous pouvez l’y retirer.

# Signalements et modération
forum-report = Signaler
forum-report-title = Signaler ce message
forum-report-label = Qu’est-ce qui ne va pas ?
forum-report-help = La modération le lit. L’auteur n’apprend pas qui a signalé.
forum-report-send = Signaler
forum-report-thanks = Merci. La modération va regarder.
forum-moderation-reports = Signalements ouverts
forum-moderation-trail = Ce que la modération a fait
forum-moderation-empty = Aucun signalement ouvert.
forum-moderation-claim-title = Prendre la modération
forum-moderation-claim-lead = Ce forum n’a pas encore de modération. Entrez le code affiché à son démarrage.
forum-moderation-code-label = Code
forum-moderation-claim = Prendre la modération
forum-moderate-post = Modérer
forum-moderate-topic = Modérer ce sujet
forum-do-hide-post = Masquer le message
forum-do-show-post = Remontrer le message
forum-do-close-topic = Fermer le sujet
forum-do-open-topic = Rouvrir le sujet
forum-do-hide-topic = Masquer le sujet
forum-do-show-topic = Remontrer le sujet
forum-do-settle = Laisser tel quel
forum-do-mute = Suspendre l’écriture
forum-do-ban = Exclure
forum-do-pardon = Lever la sanction
forum-member-written = Ses derniers messages
forum-reason-label = Motif
forum-reason-help = La personne le lit ; il reste dans le journal.
forum-days-label = Pour combien de jours
forum-days-help = Vide : sans fin.
forum-was-mute = Votre écriture a été suspendue
forum-was-ban = Ce forum vous a été fermé
forum-was-pardon = La sanction a été levée
forum-action-mute = a suspendu l’écriture de
forum-action-ban = a exclu
forum-action-pardon = a levé la sanction de
forum-action-settle = a classé
forum-action-hide-post = a masqué
forum-action-show-post = a remontré
forum-action-close-topic = a fermé
forum-action-open-topic = a rouvert
forum-action-hide-topic = a masqué
forum-action-show-topic = a remontré
forum-target-post = le message { $id }
forum-target-topic = le sujet { $id }
forum-target-member = le membre { $id }
forum-target-report = le signalement { $id }

# À propos
forum-page-count = Page { $page } sur { $pages }
forum-pages = Pages
forum-about-lead = Les membres se connectent avec { $provider }, qui a vérifié une fois, à un guichet, que ce sont des personnes réelles. Il transmet ce que chacun a accepté, et rien qui permette de retrouver un nom.
forum-about-asks = Ce que ce forum demande
forum-about-scope-openid = Un identifiant pour ce seul forum : la même personne a toujours le même ici, et un autre partout ailleurs.
forum-about-scope-profile = Un nom affiché, choisi par la personne ou tiré de son nom vérifié.
forum-about-scope-age = Une tranche d’âge, jamais une date de naissance.
forum-about-scope-residence = Un lieu de résidence, jamais une adresse.
forum-about-scope-sex = Le sexe, si la personne l’accepte.
forum-about-scope-roles = Les rôles qu’une collectivité a accordés, comme agent ou élu·e.
forum-about-scope-other = { $scope }
forum-about-rules = Qui peut écrire où
forum-about-badges = Ce que dit un badge
forum-about-badges-text = « 30–39 ans · Isère · vérifié » veut dire : { $provider } a vérifié que l’âge et le lieu de résidence de cette personne sont dans ces tranches. Ouvrez un badge pour voir par qui et pour quelle année : c’est ce qui était vrai à la dernière connexion de cette personne, sept jours au plus avant qu’elle ait écrit ou voté pour la dernière fois. Le forum n’a que les tranches.
forum-about-names = Les noms
forum-about-names-text = Qui l’a demandé s’appelle « un membre » devant les visiteurs qui ne sont pas connectés, et les moteurs de recherche sont priés de ne pas garder la page.

# Le journal public
forum-log = Le journal public
forum-log-text = { $provider } inscrit chaque connexion dans un journal public, qui ne dit ni qui s’est connecté ni où. Ce forum ne croit aucune connexion qui n’y figure pas. Chaque nuit, il vérifie que le journal est toujours celui qu’il a vu : que rien n’en a été retiré, que rien n’y a changé.
forum-log-of = Dernier état vérifié
forum-log-size = { $count ->
    [0] aucune entrée
    [one] { $count } entrée
   *[other] { $count } entrées
}
forum-log-checked = Vérifié { $when }
forum-log-never = Pas encore vérifié.
forum-log-keys = Clés qui le signent
forum-log-address = Adresse
forum-log-own = Le vérifier soi-même
forum-log-own-all = Tout le monde peut vérifier le journal entier, sans compte :
forum-log-own-token = Qui a un jeton trouve la preuve qu’il figure au journal, sous le SHA-256 du jeton en hexadécimal :
forum-log-own-sign-in = Le jeton de votre propre connexion dans ce navigateur a ce SHA-256 :
forum-log-own-proof = Voir sa preuve au journal
forum-log-unreachable = Le journal public était injoignable à la dernière vérification. Cela ne dit rien contre lui ; le forum réessaie.
forum-log-unsigned = À la dernière vérification, le journal public n’était signé par aucune clé que ce forum connaît. Le forum réessaie.
forum-log-unreadable = À la dernière vérification, le journal public n’a pas pu être lu. Le forum réessaie.
forum-log-unwatched = Depuis plus de deux jours, le journal public n’a pas pu être vérifié.
forum-log-missing = { $count ->
    [one] Un jeton a été fait pour un membre de ce forum et n’est pas arrivé ici.
   *[other] { $count } jetons ont été faits pour des membres de ce forum et ne sont pas arrivés ici.
}
forum-log-missing-help = Le fournisseur les numérote. Une connexion que ce forum a refusée à la dernière étape laisse un numéro de côté, comme un autre client du même secteur ; pour tout le reste, il vaut la peine de demander à { $provider }.
forum-log-broken-title = Le journal public de { $provider } se contredit
forum-log-broken = Personne ne peut se connecter ici tant que le responsable de ce forum n’y a pas regardé. Les deux états que { $provider } a signés peuvent être téléchargés ci-dessous, pour les montrer à d’autres.
forum-log-break-smaller = Il a reculé : son état présent est plus ancien qu’un état qu’il avait signé.
forum-log-break-forked = Un état qu’il avait signé ne fait pas partie de son passé : deux journaux ont été tenus, ou des entrées ont été changées.
forum-log-break-entries = Ses entrées ne mènent pas à l’état qu’il a signé.
forum-log-break-tiles = Ses empreintes ne mènent pas à l’état qu’il a signé.
forum-log-break-grown = Il a continué après avoir été déclaré clos.
forum-log-break-genesis = Son registre des institutions ne commence pas comme celui de { $provider }.
forum-log-break-of = { $origin }, constaté le { $date }
forum-log-break-accepted = Le { $date }, le responsable a décidé de continuer.
forum-log-evidence = Télécharger les preuves

# Problems
problem-forum-reason-title = Il faut un motif
problem-forum-reason-text = Dites en 500 caractères au plus pourquoi vous le faites : le journal le garde. Rien n’a été fait. Revenez en arrière et écrivez-le.
