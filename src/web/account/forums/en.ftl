# What is vouched for of a citizen, and what each forum has got of it.

overview-forums = { $n ->
    [0] No forum knows you yet.
    [one] One forum knows you, under a pseudonym.
   *[other] { $n } forums know you, each under another pseudonym.
}
overview-forums-button = See what each one knows
overview-access = Signing in
overview-access-text = Your passkeys, your passphrase, your recovery codes, and the devices that are signed in.
overview-access-button = Manage how I sign in
overview-vouched = What is vouched for of you
overview-vouched-text = This is the most that a forum can get: only what it asks for, and only what you agree to.
overview-age = Age reached in { $year }. The bracket changes on 1 January at most, never on your birthday: of your date of birth, the service keeps only the year, { $birth }.
overview-majority = You come of age on { $day }. The service keeps this day until then, and forgets it afterwards.
overview-areas = A forum gets one of these areas, as wide as you wish, and those that lie around it; never a smaller one.
overview-sex-none = Not recorded: no forum can get it.
overview-roles-none = None: no forum can get any.
overview-until = until { $day }
overview-name = A part of your true name
overview-name-text = Only where you choose to show it in place of a pseudonym.
overview-renew = Vouched for until
overview-renew-text = Come to the counter before that day, with your identity document. You were enrolled by: { $office }.
overview-sealed = Your names, your date of birth and the number of your document were sealed at the counter. The service cannot read them, and so they are not here.
overview-error = Is something wrong, or has it changed?
overview-error-text = Go to the counter ({ $office }) with your identity document and proof of what changed. It cannot be changed here: that is why forums can rely on it. Whatever changes is shown to you before any forum learns of it.
overview-renewal-near = Your enrolment has to be renewed by { $day }. Go to the counter with your identity document: { $office }.
overview-renewal-over = Your enrolment was to be renewed by { $day }. Go to the counter with your identity document: { $office }.
overview-departed = Your enrolment ended on { $day }. No forum gets anything new about you. To come back, go to the counter: you will find your pseudonyms again.
overview-staff-auditor = This account is for auditing. It has no forums.
overview-audit-text = Have tokens opened that nobody could choose, and check whether they say what was enrolled.
overview-audit-button = Go to the audits
overview-staff-custodian = This account is a custodian’s. It has no forums.
overview-staff-administrator = This account is an administrator’s. It has no forums.

forums-title = My forums
forums-lead = Each forum sees its own card and no other. The cards stand side by side only here, and only for you.
forums-none = No forum knows you yet
forums-none-text = Go to a forum that you like and choose “Sign in” with this service there. You choose a name, you see exactly what the forum would learn, and you decide. It will appear here.
forums-done-withdrawn = Your consent is withdrawn. The forum gets nothing more.
forums-done-renamed = The name is changed. The forum shows it when you next sign in there.
forums-done-left = You have left the forum. Your place stays yours.
forums-done-signed-in = You have signed in again. Your data can now be downloaded, at the bottom of this page.
forums-status-live = may ask
forums-status-withdrawn = withdrawn
forums-status-left = left
forums-name-chosen = a name you chose
forums-name-partial = a part of your true name
forums-badge-of-age = of age
forums-badge-minor = under age
forums-indexable = search engines may see it
forums-not-indexable = hidden from search engines
forums-together = These forums belong together: they know you by the same pseudonym and can put together what each has got.
forums-closed = this forum no longer has access to the service
forums-open = Open the forum
forums-since = Agreed on
forums-name-untold = Your name is not told to this forum.
forums-residence = Place of residence ({ $level })
forums-told = What it gets
forums-nothing = nothing but a number that stands for you there
forums-now-told = Now: { $value }. The forum gets the present value without asking you.
forums-now-untold = Now: { $value }. The forum gets neither the old nor the new value until you sign in there and agree.
forums-declined = You declined
forums-away = While you are away
forums-away-yes = it may renew this information, until you withdraw your consent
forums-away-no = it gets nothing; only when you sign in there
forums-withdraw = Withdraw my consent
forums-withdrawn = This forum gets nothing any more. What it had got before is not taken back; your pseudonym and your place stay yours.
forums-earlier = What it got before
forums-span = { $from } to { $to }
forums-earlier-value = { $label }: { $value }
forums-more = { $n ->
    [one] One more from before is in your file, below.
   *[other] { $n } more from before are in your file, below.
}
forums-left = You left on { $day }. If you come back, you find the same place again, under a name that you choose then. Nobody else can take the old one.
forums-rename = Change the name
forums-leave = Leave this forum
forums-pages = Pages
forums-before = ← Previous forums
forums-after = More forums →
forums-keep = Change nothing

withdraw-title = Withdraw your consent from { $forum }?
withdraw-ends = { $forum } gets nothing new about you. Its access ends at once.
withdraw-kept = What it has already got is not taken back: ask the forum to erase it.
withdraw-place = Your pseudonym { $name } and your place stay yours. Nobody else can take them.
withdraw-session = You may still be signed in at the forum itself: sign out there as well. At your next sign-in there you will be asked again.
withdraw-button = Withdraw my consent

rename-title = Another name in { $forum }?
rename-lead = You are known there as { $name }.
rename-old = The forum knows that it is still you: it shows the new name when you next sign in there, and may leave the old one in what you wrote. The old name goes to nobody else.
rename-button = Save
rename-keep = Keep the name

leave-title = Leave { $forum }?
leave-ends = All that you agreed to is withdrawn: { $forum } gets nothing new about you. What it has already got is not taken back.
leave-name = The name { $name } is no longer shown by the service, and goes to nobody else.
leave-back = Your place stays yours. If you come back, it is the same place: the forum will recognise you, and a ban still holds.
leave-posts = What you wrote stays with the forum: ask it to erase it, before you leave if need be.
leave-button = Leave this forum

export-title = Take my data along
export-text = One file with everything that the service keeps about you and can read: what is vouched for, your pseudonyms, what each forum has got and when, your ways of signing in.
export-warning = Nowhere else do your pseudonyms stand together. Whoever has this file can tell that they are all you: keep it where nobody else reads.
export-button = Download (JSON)
export-again = If you signed in more than a few minutes ago, you will be asked to sign in again first.
export-comment = Everything that the service keeps about this person and can read. WARNING: whoever has this file can join this person’s pseudonyms in all forums, by their "sub" and their names. Keep it where nobody else reads, and erase it when it has served its purpose. Names, date of birth and document number are sealed to the custodians: the service cannot read them.

log-title = Everything done in my name
log-lead = Whatever this service does in your name stands in a public log, under marks that only you and it can recognise. This is all of it, newest first.
log-count = { $n ->
    [0] Nothing yet
    [one] One entry
   *[other] { $n } entries
}
log-when = When
log-what = What
log-where = Where it stands
log-place = log { $log }, entry { $index }
log-hour = { $day }, { $hour }:00–{ $hour }:59 UTC
log-enrol = An office enrolled you
log-nym-create = You took a pseudonym:
log-nym-retire = You gave a pseudonym up:
log-issue = A token was issued for
log-revoke = Your enrolment was ended ({ $reason })
log-access = { $purpose ->
    [audit] A token of yours was drawn for an auditor, and opened: bracket, year of birth and area, not who you are
   *[other] Somebody of the staff opened your record ({ $purpose })
}
log-yourself = your record
log-unknown = The service knows nothing of this one: report it
log-missing = Entry number { $number } of { $whose } is in no log. It may have been taken away: report it.
log-newer = ← Newer
log-older = Older →
log-erased = There is nothing to find any more
log-erased-text = The secret with which your entries could be recognised was erased. They stay in the log, and nobody can tell whose they are.
log-check = Check this without trusting us
log-check-text = This page is ours, and could lie. With your secret you compute all your marks yourself and look for them in any copy of the log: what you find there and do not know was done without you.
log-check-warning = Whoever has this file can join your pseudonyms in all forums. Keep it where nobody else reads.
log-check-button = Download my secret (JSON)
log-check-command = Then, with the program of this service, on your own computer:
log-check-private = The program reads the whole log and looks in it at your place, so that we do not learn which entries are yours. It also says what stands in your name at forums where you never were.
log-comment = The secret of one person for the public logs. WARNING: whoever has this file can join this person’s pseudonyms in all forums. Keep it where nobody else reads. "heteronym audit mine" looks in the logs for everything that was done in this person’s name.
log-done = You have signed in again. Your secret can now be downloaded, at the bottom of this page.
overview-log = In the public log
overview-log-text = Everything that was ever done in your name, and how to check it without trusting us.
overview-log-button = See what stands there
