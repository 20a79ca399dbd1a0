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

consent-title = Entrer dans { $forum } ?
consent-changed = Quelque chose a changé pendant que cette page était ouverte : ce que { $forum } dit de lui-même ou demande, ou ce que l’on sait de vous. Rien n’a encore été transmis. Voici ce qu’il en est maintenant ; veuillez relire.
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

end-session-title = Se déconnecter ?
end-session-text = Un forum demande à vous déconnecter de ce service.
end-session-asked = { $forum } demande à vous déconnecter de ce service.
end-session-stay = Rester connecté

problem-oidc-client-title = Ce forum n’est pas connu ici
problem-oidc-client-text = L’adresse qui vous a amené ne désigne aucun forum inscrit. Rien n’a été transmis. Retournez au forum et prévenez son administrateur.
problem-oidc-disabled-title = Ce forum n’a plus accès au service
problem-oidc-disabled-text = Il a été désactivé. Rien n’a été transmis.
problem-oidc-redirect-title = Ce forum donne une adresse de retour inconnue
problem-oidc-redirect-text = Pour vous protéger, nous n’y renvoyons personne. Rien n’a été transmis. Prévenez l’administrateur du forum.
problem-oidc-request-uri-title = La demande du forum n’est pas connue ici
problem-oidc-request-uri-text = Elle ne nous a jamais été confiée, ou l’a été pour un autre forum. Rien n’a été transmis. Retournez au forum et recommencez.
problem-oidc-unreadable-title = La demande du forum n’est pas lisible
problem-oidc-unreadable-text = Elle est trop longue ou mal écrite. Retournez au forum et recommencez.
problem-oidc-interaction-title = Cette connexion est terminée ou a commencé ailleurs
problem-oidc-interaction-text = Elle a expiré, ou a été ouverte dans un autre navigateur. Rien n’a été transmis. Retournez au forum et recommencez.
problem-oidc-not-a-citizen-title = Ce compte n’ouvre pas les forums
problem-oidc-not-a-citizen-text = Seul un compte de citoyen permet d’entrer dans un forum. Déconnectez-vous, puis connectez-vous avec le vôtre.
