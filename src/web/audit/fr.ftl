# Contrôles par sondage, pour les contrôleurs.

audit-title = Contrôles par sondage
audit-lead = { $name } fait ouvrir des jetons que personne n’a pu choisir, et vérifie qu’ils disent ce qui a été inscrit.
audit-running = Le contrôle en cours
audit-id = Contrôle
audit-begun = Commencé le
audit-log = Journal
audit-tree = { $log }, avec { $size ->
    [one] une entrée
   *[other] { $size } entrées
}
audit-root = Racine
audit-draws = Tirages
audit-again = Votre connexion date d’un moment. La suite concerne des personnes : connectez-vous de nouveau.
audit-committed = Le registre contient votre contrôle, avec l’arbre dans lequel on tire. Vérifiez-le vous-même, puis montrez votre nombre : sous sept jours, sinon le contrôle est terminé. Ceci le montre une fois le contrôle trouvé :
audit-nonce = Nombre
audit-nonce-help = 43 caractères, tels que le programme les montre. Dès lors, chacun peut calculer ce qui est tiré, et le service ne peut rien tirer d’autre.
audit-nonce-go = Montrer le nombre
audit-opening = { $done } entrées traitées, sur { $most } au plus.
audit-look-again = Regarder de nouveau
audit-opened = { $opened ->
    [one] Une entrée a été ouverte,
   *[other] { $opened } entrées ont été ouvertes,
} { $withheld ->
    [0] aucune n’a été refusée.
    [one] une a été refusée.
   *[other] { $withheld } ont été refusées.
}
audit-take = Prendre les ouvertures
audit-take-warning = Ce fichier concerne des personnes, même s’il ne nomme personne : avec les jetons d’un forum, il dirait l’année de naissance de ses membres. Ne le montrez à personne, et supprimez-le après la vérification. Ici, il est supprimé quand vous terminez le contrôle, et au plus tard après 30 jours.
audit-check = Vérifiez-les avec votre propre copie des journaux :
audit-faults = Fautes trouvées
audit-report = SHA-256 de votre rapport
audit-report-help = 43 caractères, ou 64 en hexadécimal, tels que le programme les montre.
audit-conclude = Terminer le contrôle avec ce résultat
audit-begin = Commencer un contrôle
audit-begin-text = Faites d’abord tirer un nombre par le programme, sur votre machine. Il le garde dans un fichier, et dit ce qu’il faut saisir ici :
audit-draws-help = De 1 à 3 000. 300 tirages trouvent ce qui est faux dans un jeton sur cent, 3 000 ce qui est faux dans un sur mille, avec une certitude de 95 %.
audit-hash = SHA-256 de votre nombre
audit-hash-help = 43 caractères, ou 64 en hexadécimal. Elle vous engage : le nombre lui-même vient plus tard.
audit-begin-go = Commencer
audit-ended = Vos contrôles passés
audit-ended-none = Il n’y en a pas encore.
audit-outcome = Issue
audit-faults-found = { $n ->
    [0] Aucune faute.
    [one] Une faute.
   *[other] { $n } fautes.
}
audit-no-result = Terminé sans résultat.
audit-no-nonce = Terminé : le nombre n’a pas été montré.
audit-public = Chaque étape figure au registre public ; ce qui a été ouvert n’y figure pas.

problem-audit-not-an-auditor-title = Ceci est réservé aux contrôleurs
problem-audit-not-an-auditor-text = Votre compte n’est pas celui d’un contrôleur. Si vous contrôlez ce service, déconnectez-vous, puis connectez-vous avec le compte que son exploitant vous a donné.
problem-audit-unnamed-title = Ce compte n’a pas de nom
problem-audit-unnamed-text = Le registre public nomme ceux qui contrôlent ; ce compte n’a pas de nom, ou a été fermé. Demandez à l’exploitant du service un compte qui en porte un.
problem-audit-draws-title = On ne peut pas en tirer autant
problem-audit-draws-text = Un contrôle tire de 1 à 3 000 entrées. Rien n’a commencé : revenez et saisissez un tel nombre.
problem-audit-log-title = Ce journal n’existe pas
problem-audit-log-text = Rien n’a commencé. Revenez et choisissez un des journaux de la liste.
problem-audit-empty-title = Il n’y a rien à tirer
problem-audit-empty-text = Aucun jeton ne figure encore dans ce journal. Rien n’a commencé.
problem-audit-running-title = Un de vos contrôles n’est pas terminé
problem-audit-running-text = Un contrôleur mène un contrôle à la fois. Rien de nouveau n’a commencé : terminez d’abord l’autre, ou attendez sa fin.
problem-audit-repeated-title = Ce nombre a déjà servi
problem-audit-repeated-text = Ce que quelqu’un connaît déjà ne tire rien au hasard. Rien n’a commencé : faites tirer un nouveau nombre par le programme.
problem-audit-nothing-title = Aucun contrôle n’est en cours
problem-audit-nothing-text = Il n’y a rien pour quoi montrer un nombre. Commencez d’abord un contrôle.
problem-audit-shown-title = Le nombre est déjà connu
problem-audit-shown-text = Il a été montré, et figure au registre. Revenez pour voir où en est le contrôle.
problem-audit-wrong-title = C’est un autre nombre
problem-audit-wrong-text = Son SHA-256 n’est pas celui avec lequel vous avez commencé. Rien n’a été fait : montrez celui du même fichier.
problem-audit-lapsed-title = Le contrôle est terminé
problem-audit-lapsed-text = Son nombre n’a pas été montré sous sept jours. Il reste au registre, sans tirage. Commencez-en un autre.
problem-audit-not-opened-title = Rien n’est ouvert
problem-audit-not-opened-text = Aucun de vos contrôles n’a d’ouvertures : il est terminé, ou n’en est pas là. Revenez pour voir où il en est.
problem-audit-pasted-title = Ce ne sont pas 32 octets
problem-audit-pasted-text = Nombres et empreintes ont 43 caractères, ou 64 en hexadécimal. Rien n’a été fait : revenez et collez toute la ligne.
problem-audit-faults-title = Ce n’est pas un nombre de fautes
problem-audit-faults-text = Saisissez un nombre entier, 0 s’il n’y en a pas. Rien n’a été fait.
