# Ce qui est attesté d’un citoyen, et ce que chaque forum en a reçu.

overview-forums = { $n ->
    [0] Aucun forum ne vous connaît encore.
    [one] Un forum vous connaît, sous un pseudonyme.
   *[other] { $n } forums vous connaissent, chacun sous un autre pseudonyme.
}
overview-forums-button = Voir ce que chacun sait
overview-access = Connexion
overview-access-text = Vos clés d’accès, votre phrase de passe, vos codes de secours et les appareils connectés.
overview-access-button = Gérer mes accès
overview-vouched = Ce qui est attesté de vous
overview-vouched-text = C’est le plus qu’un forum puisse recevoir : seulement ce qu’il demande, et seulement ce que vous acceptez.
overview-age = Âge atteint en { $year }. La tranche ne change qu’au 1er janvier, jamais à votre anniversaire : de votre date de naissance, le service ne garde que l’année, { $birth }.
overview-majority = Vous serez majeur le { $day }. Le service garde ce jour jusque-là, puis l’oublie.
overview-areas = Un forum reçoit un de ces territoires, aussi large que vous le voulez, et ceux qui l’entourent ; jamais un plus petit.
overview-sex-none = Non enregistré : aucun forum ne peut le recevoir.
overview-roles-none = Aucune : les forums ne peuvent rien recevoir.
overview-until = jusqu’au { $day }
overview-name = Une partie de votre vrai nom
overview-name-text = Seulement là où vous choisissez de la montrer à la place d’un pseudonyme.
overview-renew = Attesté jusqu’au
overview-renew-text = Passez au guichet avant ce jour, avec votre pièce d’identité. Vous avez été inscrit par : { $office }.
overview-sealed = Vos noms, votre date de naissance et le numéro de votre pièce d’identité ont été scellés au guichet. Le service ne peut pas les lire ; ils ne sont donc pas ici.
overview-error = Une erreur, un changement ?
overview-error-text = Passez au guichet ({ $office }) avec votre pièce d’identité et un justificatif. Rien ne se corrige ici : c’est pour cela que les forums peuvent s’y fier. Tout changement vous est montré avant qu’un forum ne l’apprenne.
overview-renewal-near = Votre inscription est à renouveler avant le { $day }. Passez au guichet avec votre pièce d’identité : { $office }.
overview-renewal-over = Votre inscription était à renouveler avant le { $day }. Passez au guichet avec votre pièce d’identité : { $office }.
overview-departed = Votre inscription a pris fin le { $day }. Aucun forum ne reçoit plus rien de nouveau sur vous. Pour revenir, passez au guichet : vous retrouverez vos pseudonymes.
overview-staff-auditor = Ce compte sert au contrôle. Il n’a pas de forums.
overview-audit-text = Faites ouvrir des jetons que personne n’a pu choisir, et vérifiez qu’ils disent ce qui a été inscrit.
overview-audit-button = Aller aux contrôles
overview-staff-custodian = Ce compte est celui d’un dépositaire. Il n’a pas de forums.
overview-staff-administrator = Ce compte est celui d’un administrateur. Il n’a pas de forums.

forums-title = Mes forums
forums-lead = Chaque forum ne voit que sa propre fiche. Elles ne sont côte à côte qu’ici, et pour vous seul.
forums-none = Aucun forum ne vous connaît encore
forums-none-text = Allez sur un forum qui vous plaît et choisissez-y « Se connecter » avec ce service. Vous choisissez un nom, vous voyez exactement ce que le forum apprendrait, et vous décidez. Il apparaîtra ici.
forums-done-withdrawn = Votre accord est retiré. Le forum ne reçoit plus rien.
forums-done-renamed = Le nom est changé. Le forum l’affichera à votre prochaine connexion.
forums-done-left = Vous avez quitté le forum. Votre place reste la vôtre.
forums-done-signed-in = Vous vous êtes reconnecté. Vous pouvez maintenant télécharger vos données, en bas de cette page.
forums-status-live = peut demander
forums-status-withdrawn = accord retiré
forums-status-left = quitté
forums-name-chosen = un nom que vous avez choisi
forums-name-partial = une partie de votre vrai nom
forums-badge-of-age = majeur
forums-badge-minor = mineur
forums-indexable = visible des moteurs de recherche
forums-not-indexable = caché aux moteurs de recherche
forums-together = Ces forums vont ensemble : ils vous connaissent sous le même pseudonyme et peuvent rapprocher ce que chacun a reçu.
forums-closed = ce forum n’a plus accès au service
forums-open = Ouvrir le forum
forums-since = Accord donné le
forums-name-untold = Votre nom n’est pas transmis à ce forum.
forums-residence = Lieu de résidence ({ $level })
forums-told = Ce qu’il reçoit
forums-nothing = rien d’autre qu’un numéro qui vous désigne chez lui
forums-now-told = Aujourd’hui : { $value }. Le forum reçoit automatiquement la valeur actuelle.
forums-now-untold = Aujourd’hui : { $value }. Le forum ne reçoit ni l’ancienne valeur ni la nouvelle tant que vous ne vous y êtes pas reconnecté pour l’accepter.
forums-declined = Vous avez refusé
forums-away = En votre absence
forums-away-yes = il peut mettre ces informations à jour, jusqu’à ce que vous retiriez votre accord
forums-away-no = il ne reçoit rien ; seulement quand vous vous y connectez
forums-withdraw = Retirer mon accord
forums-withdrawn = Ce forum ne reçoit plus rien. Ce qu’il avait déjà reçu n’est pas repris ; votre pseudonyme et votre place restent les vôtres.
forums-earlier = Ce qu’il a reçu auparavant
forums-span = du { $from } au { $to }
forums-earlier-value = { $label } : { $value }
forums-more = { $n ->
    [one] Un accord plus ancien est dans votre fichier, plus bas.
   *[other] { $n } accords plus anciens sont dans votre fichier, plus bas.
}
forums-left = Vous êtes parti le { $day }. Si vous revenez, vous retrouverez la même place, sous un nom que vous choisirez alors. Personne d’autre ne peut prendre l’ancien.
forums-rename = Changer le nom
forums-leave = Quitter ce forum
forums-pages = Pages
forums-before = ← Forums précédents
forums-after = Autres forums →
forums-keep = Ne rien changer

withdraw-title = Retirer votre accord à { $forum } ?
withdraw-ends = { $forum } ne reçoit plus rien de nouveau sur vous. Son accès prend fin aussitôt.
withdraw-kept = Ce qu’il a déjà reçu n’est pas repris : demandez-lui de l’effacer.
withdraw-place = Votre pseudonyme { $name } et votre place restent les vôtres. Personne d’autre ne peut les prendre.
withdraw-session = Vous êtes peut-être encore connecté sur le forum lui-même : déconnectez-vous-y aussi. À votre prochaine connexion, votre accord vous sera redemandé.
withdraw-button = Retirer mon accord

rename-title = Un autre nom dans { $forum } ?
rename-lead = On vous y connaît sous le nom de { $name }.
rename-old = Le forum sait que c’est toujours vous : il affiche le nouveau nom à votre prochaine connexion, et peut laisser l’ancien sur ce que vous avez écrit. L’ancien nom ne sera donné à personne d’autre.
rename-button = Enregistrer
rename-keep = Garder le nom

leave-title = Quitter { $forum } ?
leave-ends = Tout ce que vous avez accepté est retiré : { $forum } ne reçoit plus rien de nouveau sur vous. Ce qu’il a déjà reçu n’est pas repris.
leave-name = Le service n’affiche plus le nom { $name }, et ne le donnera à personne d’autre.
leave-back = Votre place reste la vôtre. Si vous revenez, ce sera la même : le forum vous reconnaîtra, et une exclusion vaut toujours.
leave-posts = Ce que vous avez écrit reste au forum : demandez-lui de l’effacer, avant de partir s’il le faut.
leave-button = Quitter ce forum

export-title = Emporter mes données
export-text = Un fichier avec tout ce que le service garde sur vous et peut lire : ce qui est attesté, vos pseudonymes, ce que chaque forum a reçu et quand, vos moyens de connexion.
export-warning = Vos pseudonymes ne sont réunis nulle part ailleurs. Qui a ce fichier peut dire qu’ils sont tous à vous : gardez-le là où personne d’autre ne lit.
export-button = Télécharger (JSON)
export-again = Si votre connexion date de plus de quelques minutes, il vous sera d’abord demandé de vous reconnecter.
export-comment = Tout ce que le service garde sur cette personne et peut lire. ATTENTION : qui a ce fichier peut relier les pseudonymes de cette personne dans tous les forums, par leur « sub » et leurs noms. Gardez-le là où personne d’autre ne lit, et effacez-le quand il a servi. Les noms, la date de naissance et le numéro de la pièce d’identité sont scellés pour les dépositaires : le service ne peut pas les lire.

log-title = Tout ce qui a été fait en mon nom
log-lead = Tout ce que ce service fait en votre nom est inscrit dans un journal public, sous des marques que vous seul et lui pouvez reconnaître. Tout est ici, le plus récent d’abord.
log-count = { $n ->
    [0] Rien encore
    [one] Une entrée
   *[other] { $n } entrées
}
log-when = Quand
log-what = Quoi
log-where = Où c’est inscrit
log-place = journal { $log }, entrée { $index }
log-hour = { $day }, { $hour } h 00 – { $hour } h 59 UTC
log-enrol = Un guichet vous a inscrit
log-nym-create = Vous avez pris un pseudonyme :
log-nym-retire = Vous avez rendu un pseudonyme :
log-issue = Un jeton a été délivré pour
log-revoke = Votre inscription a pris fin ({ $reason })
log-access = { $purpose ->
    [audit] Un de vos jetons a été tiré pour un contrôleur, et ouvert : tranche, année de naissance et territoire, pas qui vous êtes
   *[other] Un agent a ouvert votre dossier ({ $purpose })
}
log-yourself = votre dossier
log-unknown = Le service ne sait rien de celle-ci : signalez-la
log-missing = L’entrée numéro { $number } de { $whose } n’est dans aucun journal. Elle a pu être retirée : signalez-le.
log-newer = ← Plus récent
log-older = Plus ancien →
log-erased = Il n’y a plus rien à trouver
log-erased-text = Le secret avec lequel vos entrées pouvaient être reconnues a été effacé. Elles restent dans le journal, et plus personne ne peut dire à qui elles sont.
log-check = Vérifier sans nous croire
log-check-text = Cette page est de nous, et pourrait mentir. Avec votre secret, vous calculez vous-même toutes vos marques et les cherchez dans n’importe quelle copie du journal : ce que vous y trouvez sans le connaître a été fait sans vous.
log-check-warning = Qui a ce fichier peut relier vos pseudonymes dans tous les forums. Gardez-le là où personne d’autre ne lit.
log-check-button = Télécharger mon secret (JSON)
log-check-command = Puis, avec le programme de ce service, sur votre propre ordinateur :
log-check-private = Le programme lit tout le journal et cherche chez vous : nous n’apprenons pas quelles entrées sont les vôtres. Il dit aussi ce qui est inscrit en votre nom sur des forums où vous n’êtes jamais allé.
log-comment = Le secret d’une personne pour les journaux publics. ATTENTION : qui a ce fichier peut relier les pseudonymes de cette personne dans tous les forums. Gardez-le là où personne d’autre ne lit. « heteronym audit mine » cherche dans les journaux tout ce qui a été fait au nom de cette personne.
log-done = Vous vous êtes reconnecté. Vous pouvez maintenant télécharger votre secret, en bas de cette page.
overview-log = Dans le journal public
overview-log-text = Tout ce qui a été fait en votre nom, et comment le vérifier sans nous croire.
overview-log-button = Voir ce qui y est inscrit
