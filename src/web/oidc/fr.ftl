# Entre un forum et sa réponse : choisir un pseudonyme, consentir, repartir.

oidc-steps = Étapes
oidc-step-sign-in = Se connecter
oidc-step-choose = Pseudonyme
oidc-step-consent = Accord
oidc-continue = Continuer
oidc-returning = Retour au forum…
oidc-leave = Renoncer et revenir à { $forum }

choose-title = Sous quel nom ?
choose-lead = { $forum } vous connaîtra sous ce nom, et sous aucun autre. Personne ne peut le rapprocher de vos pseudonymes ailleurs.
choose-own = Vos pseudonymes ici
choose-again = Vous aviez quitté ce forum. Vous y retrouvez votre place ; choisissez un nom.
choose-kind = Le nom affiché
choose-chosen = Un nom que je choisis
choose-chosen-help = Jusqu’à 30 caractères, qui ne ressemble à aucun nom déjà pris dans ce forum. Prenez-en un autre que dans vos autres forums : deux noms semblables vous relieraient.
choose-name = Votre pseudonyme
choose-partial = Une partie de mon vrai nom : { $name }
choose-partial-help = Vérifié à la mairie. Le forum ne le montre qu’à ses membres.
choose-indexable = Les moteurs de recherche peuvent voir ce nom
choose-indexable-help = Sans cela, le forum leur demande de l’ignorer.

choose-error-empty = Écrivez un nom, ou choisissez une partie du vôtre.
choose-error-unknown-pseudonym = Ce pseudonyme n’est plus disponible. Choisissez de nouveau.
choose-error-no-place = Ce forum n’accorde pas d’autre pseudonyme. Utilisez celui que vous avez.
choose-error-changed = Ce pseudonyme vient d’être modifié. Regardez de nouveau.
choose-error-taken = Ce nom est pris, ou ressemble trop à un nom pris. Choisissez-en un autre.
choose-error-name-empty = Écrivez un nom.
choose-error-name-too-long = Ce nom dépasse 30 caractères. Raccourcissez-le.
choose-error-name-control = Ce nom contient un retour à la ligne ou un caractère de commande. Écrivez-le sur une ligne.
choose-error-name-direction = Ce nom contient un caractère qui inverse le sens d’écriture. Écrivez-le sans.
choose-error-name-invisible = Ce nom contient un caractère invisible. Tapez-le plutôt que de le coller.
choose-error-name-emoji = Ce nom contient un émoji ou un symbole. Utilisez des lettres, chiffres, espaces, traits d’union et apostrophes.
choose-error-name-not-allowed = Ce nom contient un caractère inhabituel dans un nom. Utilisez les lettres de votre clavier.
choose-error-name-misplaced = Un point ou un signe n’est pas à sa place dans cette écriture. Retirez-le.
choose-error-name-mark-without-letter = Un accent est seul, sans lettre. Mettez la lettre avant.
choose-error-name-too-many-marks = Une lettre porte trop d’accents. Laissez-en deux au plus.
choose-error-name-bad-start = Ce nom commence par un signe. Commencez par une lettre.
choose-error-name-mixed-scripts = Ce nom mélange plusieurs alphabets. Écrivez-le dans un seul.
choose-error-name-mixed-numbers = Ce nom mélange plusieurs sortes de chiffres. N’en gardez qu’une.
choose-error-name-reserved = Ce nom laisse croire à un responsable du service ou du forum. Choisissez-en un autre.
choose-error-name-taken = Ce nom est pris, ou ressemble trop à un nom pris. Choisissez-en un autre.

consent-title = Entrer dans { $forum } ?
consent-policy = Sa politique de confidentialité
consent-terms = Ses conditions d’utilisation
consent-learns = Ce que le forum apprendra
consent-name = Nom
consent-name-untold = Non transmis
consent-audience-members = Visible des membres seulement
consent-audience-public = Visible de tous
consent-required = Indispensable pour entrer dans ce forum.
consent-area = Avec quelle précision dire où vous habitez
consent-population = { $n ->
    [one] { $n } habitant
   *[other] { $n } habitants
}
consent-crowd = { $n ->
    [0] personne d’autre inscrit ne partage cela
    [one] { $n } personne inscrite, vous, correspond
   *[other] { $n } personnes inscrites correspondent
}
consent-few = peu de monde
consent-crowd-title = Combien êtes-vous à partager cela ?
consent-crowd-help = À partir de { $n } personnes, on ne vous distingue plus par ces seules informations.
consent-crowd-small = Vous êtes moins de { $n } à partager tout cela : quelqu’un qui vous connaît pourrait vous reconnaître. Une zone plus large est proposée ; la décision est la vôtre.
consent-offline = Le forum pourra mettre ces informations à jour en votre absence, jusqu’à ce que vous retiriez votre accord.
consent-never = Le forum n’apprend ni votre nom, ni votre date de naissance, ni votre adresse, ni vos autres forums. Vous pourrez retirer cet accord à tout moment sur votre page.
consent-agree = J’accepte
consent-deny = Je refuse

quality-age_bracket = Tranche d’âge
quality-age_over_18 = Majeur (18 ans ou plus)
quality-residence = Lieu de résidence
quality-sex = Sexe
quality-roles = Fonctions
age-under = moins de { $age } ans
age-between = { $youngest } à { $oldest } ans
age-from = { $age } ans et plus
yes = oui
no = non
sex-1 = masculin
sex-2 = féminin
sex-9 = sans objet
role-agent = agent de la collectivité
role-elected = élu
role-animator = animateur de débat
level-country = pays
level-region = région
level-departement = département
level-epci = intercommunalité
level-commune = commune

end-session-title = Se déconnecter ?
end-session-text = Un forum demande à vous déconnecter de ce service.
end-session-stay = Rester connecté

problem-oidc-client-title = Ce forum n’est pas connu ici
problem-oidc-client-text = L’adresse qui vous a amené ne désigne aucun forum inscrit. Rien n’a été transmis. Retournez au forum et prévenez son administrateur.
problem-oidc-disabled-title = Ce forum n’a plus accès au service
problem-oidc-disabled-text = Il a été désactivé. Rien n’a été transmis.
problem-oidc-redirect-title = Ce forum donne une adresse de retour inconnue
problem-oidc-redirect-text = Pour vous protéger, nous n’y renvoyons personne. Rien n’a été transmis. Prévenez l’administrateur du forum.
problem-oidc-unreadable-title = La demande du forum n’est pas lisible
problem-oidc-unreadable-text = Elle est trop longue ou mal écrite. Retournez au forum et recommencez.
problem-oidc-interaction-title = Cette connexion est terminée ou a commencé ailleurs
problem-oidc-interaction-text = Elle a expiré, ou a été ouverte dans un autre navigateur. Rien n’a été transmis. Retournez au forum et recommencez.
problem-oidc-not-a-citizen-title = Ce compte n’ouvre pas les forums
problem-oidc-not-a-citizen-text = Seul un compte de citoyen permet d’entrer dans un forum. Déconnectez-vous, puis connectez-vous avec le vôtre.
