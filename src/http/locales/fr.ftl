# Commun à toutes les pages : le cadre, et ce qui peut échouer partout.

skip = Aller au contenu
menu = Menu
to-home = Retour à l’accueil
error-id = Référence à indiquer si vous nous écrivez :

problem-bad-request-title = Cette demande n’est pas compréhensible
problem-bad-request-text = Un élément manque ou n’est pas écrit comme il faut. Rien n’a été fait. Revenez en arrière et réessayez.
problem-forbidden-title = Vous ne pouvez pas faire cela
problem-forbidden-text = Cette page ou cette action ne vous est pas ouverte avec votre connexion actuelle.
problem-not-found-title = Cette page n’existe pas
problem-not-found-text = L’adresse est peut-être incomplète, ou la page a été déplacée ou a expiré.
problem-method-title = Cette adresse ne s’utilise pas ainsi
problem-method-text = Elle a été ouverte d’une manière qu’elle ne prévoit pas. Repartez de l’accueil.
problem-slow-request-title = La demande a mis trop de temps
problem-slow-request-text = Votre connexion l’a envoyée trop lentement et nous avons cessé d’attendre. Rien n’a été fait. Réessayez.
problem-too-large-title = C’est trop à la fois
problem-too-large-text = L’envoi dépasse les 64 Kio que nous acceptons. Raccourcissez-le et recommencez.
problem-media-type-title = Ce format n’est pas lu ici
problem-media-type-text = Envoyez le formulaire tel que votre navigateur le fait de lui-même.
problem-too-many-title = Trop d’essais
problem-too-many-text = Pour votre sécurité, nous faisons une pause. Patientez un moment, puis réessayez.
problem-unavailable-title = Un instant, s’il vous plaît
problem-unavailable-text = Une partie du service ne répond pas. Rien n’a été fait. Réessayez dans quelques secondes.
problem-internal-title = Une erreur s’est produite de notre côté
problem-internal-text = Vous n’y êtes pour rien, et les détails ont été notés. Réessayez plus tard.
problem-other-host-title = Mauvaise adresse
problem-other-host-text = Ce service ne répond qu’à l’adresse { $origin }.
problem-form-expired-title = Ce formulaire n’est plus valable
problem-form-expired-text = Vous vous êtes connecté ou déconnecté depuis son ouverture, ou votre navigateur ne garde pas les cookies. Rien n’a été fait. Rouvrez la page et envoyez-le de nouveau.
problem-form-origin-title = Ce formulaire vient d’ailleurs
problem-form-origin-text = Votre navigateur indique qu’un autre site l’a envoyé. Rien n’a été fait. Si c’était bien votre intention, repartez de nos propres pages.
problem-form-incomplete-title = Le formulaire n’est pas complet
problem-form-incomplete-text = Un champ manque ou ne contient pas ce qui est attendu. Revenez en arrière et vérifiez votre saisie.
problem-form-doubled-title = Le formulaire contient deux fois le même champ
problem-form-doubled-text = Nous ne savons pas quelle valeur retenir. Rien n’a été fait. Rouvrez la page et envoyez-le de nouveau.
