sign-in = Se connecter
sign-out = Se déconnecter
activate = Activer mon accès
privacy = Qui apprend quoi
foot-promise = Atteste ce que vous êtes, ne dit jamais qui vous êtes.
