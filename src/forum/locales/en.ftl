# The forum's own words. Every message stands in fr.ftl too; a test compares the two.

forum-boards = Boards
forum-sign-in = Sign in with { $provider }
forum-sign-in-beside = Sign in with { $provider } in a new tab
forum-sign-out = Sign out
forum-me = What this forum knows about you
forum-about = About
forum-moderation = Moderation
forum-reports-open = { $count ->
    [one] { $count } report
   *[other] { $count } reports
}
forum-foot = The people here are real and verified; this forum does not know who they are.
forum-back = Back
forum-yes = yes
forum-no = no

# People
forum-a-member = a member
forum-a-former-member = a former member
forum-member-number = Member { $number }
forum-age-between = { $from }–{ $to }
forum-age-under = under { $age }
forum-age-over = { $age } and over
forum-role-agent = agent of the authority
forum-role-elected = elected representative
forum-role-animator = facilitator
forum-verified = verified
forum-verified-person = verified person
forum-badge-by = Verified by { $provider }.
forum-badge-as-of = As of { $year }.
forum-badge-chosen = The name was chosen freely.
forum-badge-partial = The name is part of the verified name.
forum-badge-pseudonym = Nobody here knows who this is; the same person has one pseudonym on this forum.
forum-moderator = moderator

# Time
forum-just-now = just now
forum-minutes-ago = { $count ->
    [one] a minute ago
   *[other] { $count } minutes ago
}
forum-hours-ago = { $count ->
    [one] an hour ago
   *[other] { $count } hours ago
}
forum-on-date = { $date }

# Boards and topics
forum-topics = { $count ->
    [0] No topic yet
    [one] { $count } topic
   *[other] { $count } topics
}
forum-replies = { $count ->
    [0] no reply
    [one] { $count } reply
   *[other] { $count } replies
}
forum-all-topics = All topics
forum-nothing-yet = Nobody has written here yet.
forum-new-topic = New topic
forum-poll-result = Result
forum-poll = Poll
forum-closed = Closed
forum-hidden = Hidden
forum-who-starts = To start a topic: { $rule }
forum-who-replies = To reply: { $rule }
forum-previous = Previous page
forum-next = Next page

# Rules
forum-rule-anyone = any member
forum-rule-age = { $years } or over
forum-rule-residence = resident of { $areas }
forum-rule-role = { $role }
forum-rule-and = { $first } and { $second }
forum-rule-or = { $first } or { $second }

# Writing
forum-write-reply = Write a reply
forum-reply-label = Your reply
forum-title-label = Title
forum-body-label = Message
forum-body-help = Plain text. A blank line starts a paragraph; addresses that begin with https:// become links.
forum-send = Publish
forum-publish-as = You write as { $name }
forum-as-of = What is verified about you is as of your sign-in on { $date }, at most seven days ago; signing in again renews it.
forum-edit = Correct
forum-edit-title = Correct your message
forum-edit-help = You can correct a message for ten minutes after publishing it.
forum-save = Save
forum-edited = corrected
forum-hidden-post = A moderator has hidden this message.
forum-topic-closed = This topic is closed: nobody can reply any more.
forum-sign-in-to-reply = Sign in to reply.
forum-sign-in-to-vote = Sign in to vote.
forum-poll-legend = Add a poll (optional)
forum-poll-options-label = Answers to choose from
forum-poll-options-help = One per line, 2 to 10. The title is the question. Leave empty for no poll.
forum-poll-closes-label = Last day
forum-poll-closes-help = Optional. The poll closes at the end of that day (UTC).

# Polls
forum-vote = Vote
forum-voted = Your voice is counted. The forum keeps that you voted, not what you chose.
forum-poll-voices = { $count ->
    [0] No voice yet
    [one] { $count } voice
   *[other] { $count } voices
}
forum-poll-rule = May vote: { $rule }; one voice per person.
forum-poll-open-until = Open until { $date }
forum-poll-ended = This poll has ended.
forum-poll-percent = { $percent } %
forum-poll-once = One voice per person, kept by the database. Your choice is added to the total and is not stored beside your pseudonym; it cannot be changed afterwards.

# Refusals
forum-refused-title = You cannot do this yet
forum-refused-topic = Starting a topic on “{ $board }” takes qualities that you have not shown.
forum-refused-vote = Voting in this poll takes qualities that you have not shown.
forum-refused-needed = What is needed
forum-need-age-missing = { $years } or over: you have not shared your age bracket with this forum.
forum-need-age-other = { $years } or over: you have shared “{ $shared }”, which does not show it.
forum-need-residence-missing = Resident of { $areas }: you have not shared your area with this forum.
forum-need-residence-other = Resident of { $areas }: you have shared “{ $shared }”.
forum-need-role-missing = { $role }: you have not shared a role with this forum.
forum-need-role-other = { $role }: none of the roles you have shared is this one.
forum-need-all = All of these:
forum-need-any = One of these is enough:
forum-need-voice = One person, one voice: { $provider } does not say that you have a single pseudonym here. Sign in again; if it stays so, tell the forum’s operator.
forum-refused-share = If it is true of you, you can share it: { $provider } will show you exactly what would be passed on, and you decide again.
forum-refused-share-button = Share it
forum-share-beside = Share it, in a new tab
forum-refused-for-good = Sharing more would not change this: the rule asks for something else than what is verified about you. If that is out of date, have it corrected at the counter where you enrolled, then sign in again.
forum-muted-title = You cannot write for now
forum-muted-until = A moderator has paused your writing until { $date }.
forum-muted = A moderator has paused your writing.
forum-banned-title = You are banned from this forum
forum-banned-until = The ban ends on { $date }. It holds under any display name.
forum-banned = The ban has no end date. It holds under any display name.
forum-reason = Reason: { $reason }
forum-banned-rights = You can still see what this forum knows about you, and leave it.

# What went wrong
forum-fault-empty = { $field }: write something.
forum-fault-long = { $field }: at most { $most } characters.
forum-fault-options = Answers to choose from: write 2 to 10 different ones, one per line, each of at most 100 characters.
forum-fault-date = Last day: choose a day from today on, within a year.
forum-fault-option = Choose one of the answers.
forum-fault-closed = This poll or topic has closed in the meantime.
forum-fault-window = The ten minutes for correcting this message are over.
forum-fault-reason = Say why: the person reads it.
forum-fault-days = For how many days: a whole number from 1 to 3660, or nothing.
forum-fault-code = This is not the code printed when the forum started, or somebody has used it.
forum-fault-signed-out = Not published: your session has ended. What you wrote is still here. Sign in in a new tab, then come back and send it again.
forum-fault-stale = Not published yet: somebody signed in or out in this browser since you opened this page. Look at what you wrote and under which name, then send it again.
forum-fault-quality = Not published: it takes a quality that you no longer share with this forum. What you wrote is still here.
forum-fault-sanction = Not published: a moderator has decided otherwise meanwhile, as the top of this page says. What you wrote is still here, to copy.
forum-fault-pace = Not published: you have written many messages in the last minutes. What you wrote is still here. Wait ten minutes, then send it.
forum-fault-hidden = Not published: what this was about is no longer to be seen here; a moderator has hidden it meanwhile.
forum-kept-title = This was not published
forum-kept-copy = What you wrote, to copy and keep:

# Sign-in
forum-refusal-title = You are not signed in
forum-refusal-lead = The answer from { $provider } could not be accepted: { $why }
forum-refusal-stored = Nothing was stored.
forum-refusal-again = Try again
forum-refusal-unreachable = { $provider } cannot be reached at the moment. Try again in a few minutes.
forum-refusal-discovery = the address configured here is not that of { $provider }, or it describes itself wrongly. The operator of this forum has to look at it.
forum-refusal-denied = you, or { $provider } for you, chose not to go on. That is fine: nothing was shared.
forum-refusal-unavailable = { $provider } says that it cannot serve at the moment. Try again in a few minutes.
forum-refusal-misconfigured = { $provider } found fault with this forum’s request. The operator of this forum has to look at it.
forum-refusal-state = it belongs to no sign-in begun in this browser, or to one that was answered already. Start again from this forum.
forum-refusal-incomplete = a part of it is missing. Start again from this forum.
forum-refusal-issuer = it comes from another issuer than the one this forum trusts.
forum-refusal-code = its code was used already, or is too old. Start again from this forum.
forum-refusal-token = its identity token is missing or cannot be read.
forum-refusal-audience = it was made for another forum.
forum-refusal-nonce = it answers another sign-in than this one.
forum-refusal-algorithm = it is signed in another way than agreed.
forum-refusal-signature = its signature is wrong.
forum-refusal-expired = it has expired, or its times cannot be true.
forum-refusal-subject = its two halves speak of different people, or of nobody.
forum-refusal-userinfo = the statement about you could not be read.
forum-refusal-log-absent = { $provider } shows no public log of what it issues, and this forum believes nothing that is not in one. The operator of this forum has to look at it.
forum-refusal-log-broken = The public log of { $provider } is not the one that this forum has seen before, so that nobody can sign in here until the operator has looked at it. What was found stands on the page “About”.
forum-refusal-log-missing = it comes without proof that it is in the public log.
forum-refusal-log-malformed = its proof that it is in the public log cannot be read.
forum-refusal-log-origin = its proof is of another log than that of { $provider } for this year.
forum-refusal-log-signature = its proof is signed by no key of the public log that this forum knows.
forum-refusal-log-inclusion = its proof does not hold: the entry is not in the public log.
forum-refusal-log-kind = its entry in the public log is of something else than a sign-in.
forum-refusal-log-token = its entry in the public log is that of another sign-in.
forum-refusal-log-kid = its entry in the public log names another key than the one that has signed it.
forum-refusal-log-hour = its entry in the public log is of another hour.
forum-refusal-log-tag = its entry in the public log does not stand in the name of your pseudonym.
forum-refusal-log-owner = its entry in the public log stands in another name than those of your earlier sign-ins here.
forum-refusal-log-number = its entry in the public log has the number of your last sign-in here.
forum-signed-out-title = You are signed out
forum-signed-out = This browser no longer knows you here.
forum-signed-out-still = { $provider } still knows you: on a shared computer, sign out there too.
forum-signed-out-everywhere = You are signed out here and at { $provider }.
forum-sign-out-there = Sign out at { $provider } too

# What this forum knows
forum-me-lead = This is everything this forum has stored about you. It comes from { $provider }, as you agreed; the forum does not know your name, your birth date or your address.
forum-me-sub = Your identifier here (sub)
forum-me-sub-help = Made for this forum alone. No other forum has it, and it cannot be traced back without { $provider }.
forum-me-name = Display name
forum-me-name-assurance = Kind of name
forum-me-name-chosen = chosen freely
forum-me-name-partial = part of the verified name
forum-me-audience = Who sees the name
forum-me-audience-members = signed-in members only
forum-me-audience-public = everybody
forum-me-indexable = Search engines may show the name
forum-me-age-bracket = Age bracket
forum-me-over-18 = 18 or over
forum-me-residence = Area
forum-me-sex = Sex (ISO 5218)
forum-me-roles = Roles
forum-me-groups = Groups
forum-me-per-person = Pseudonyms per person here
forum-me-as-of = True as of
forum-me-joined = First sign-in
forum-me-signed-in = Last sign-in
forum-me-signed-in-help = Everything in this table that { $provider } says is as of this day, and is renewed at your next sign-in. You stay signed in for seven days at most, so what you share is never older when you write or vote.
forum-me-moderator = Moderator since
forum-me-log-owner = Your owner in the public log
forum-me-log-owner-help = A fingerprint by which this forum sees that every sign-in stands in the same name. Nobody finds your sign-ins in the log with it.
forum-me-log-last = Your last number there
forum-me-log-last-help = A fingerprint of it, by which this forum sees whether sign-ins in your name went elsewhere.
forum-me-not-shared = not shared
forum-me-written = What you wrote
forum-me-voted = Polls you voted in
forum-me-voted-help = What you chose is not stored.
forum-me-reports = What you reported
forum-me-trail = What moderators did about you
forum-me-none = Nothing.
forum-me-message = Message { $id }
forum-me-download = Download everything (JSON)
forum-me-change = Change what you share
forum-me-change-help = { $provider } shows what is shared and asks you again. What you withdraw disappears here at that sign-in.
forum-leave = Leave this forum
forum-leave-help = Your membership and everything in the table above is deleted. Your messages stay, written by “a former member”. A ban, and the fact that you voted in a poll, stay as a fingerprint that does not name you.
forum-leave-sure = Leave for good?
forum-leave-button = Yes, delete my membership
forum-leave-cancel = No, stay
forum-left-title = You have left
forum-left = Your membership is deleted. { $provider } still lists what you agreed to share with this forum; you can withdraw that there.

# Reports and moderation
forum-report = Report
forum-report-title = Report this message
forum-report-label = What is wrong with it?
forum-report-help = Moderators read it. The author does not learn who reported.
forum-report-send = Report
forum-report-thanks = Thank you. A moderator will look at it.
forum-moderation-reports = Open reports
forum-moderation-trail = What moderators did
forum-moderation-empty = No open report.
forum-moderation-claim-title = Become the first moderator
forum-moderation-claim-lead = This forum has no moderator yet. Enter the code that was printed when it started.
forum-moderation-code-label = Code
forum-moderation-claim = Become moderator
forum-moderate-post = Moderate
forum-moderate-topic = Moderate this topic
forum-do-hide-post = Hide the message
forum-do-show-post = Show the message again
forum-do-close-topic = Close the topic
forum-do-open-topic = Reopen the topic
forum-do-hide-topic = Hide the topic
forum-do-show-topic = Show the topic again
forum-do-settle = Leave it as it is
forum-do-mute = Pause writing
forum-do-ban = Ban
forum-do-pardon = Lift the sanction
forum-member-written = The latest messages
forum-reason-label = Reason
forum-reason-help = The person reads it; it is kept in the trail.
forum-days-label = For how many days
forum-days-help = Empty: without end.
forum-was-mute = Your writing was paused
forum-was-ban = You were banned
forum-was-pardon = The sanction was lifted
forum-action-mute = paused writing of
forum-action-ban = banned
forum-action-pardon = lifted the sanction of
forum-action-settle = closed
forum-action-hide-post = hid
forum-action-show-post = showed again
forum-action-close-topic = closed
forum-action-open-topic = reopened
forum-action-hide-topic = hid
forum-action-show-topic = showed again
forum-target-post = message { $id }
forum-target-topic = topic { $id }
forum-target-member = member { $id }
forum-target-report = report { $id }

# About
forum-page-count = Page { $page } of { $pages }
forum-pages = Pages
forum-about-lead = Members sign in with { $provider }, which has verified once, at a counter, that they are real people. It passes on what each of them agreed to, and nothing from which a name could be found.
forum-about-asks = What this forum asks for
forum-about-scope-openid = An identifier for this forum alone: the same person has the same one here, and another one everywhere else.
forum-about-scope-profile = A display name, chosen by the person or part of the verified name.
forum-about-scope-age = An age bracket, never a birth date.
forum-about-scope-residence = An area of residence, never an address.
forum-about-scope-sex = The sex, if the person agrees.
forum-about-scope-roles = Roles that an authority has granted, such as agent or elected representative.
forum-about-scope-other = { $scope }
forum-about-rules = Who may write where
forum-about-badges = What a badge says
forum-about-badges-text = “30–39 · Isère · verified” means: { $provider } has verified that this person’s age and area are in these brackets. Open a badge to see by whom and as of when: it is what was true when the person last signed in here, at most seven days before they last wrote or voted. The forum has only the brackets.
forum-about-names = Names
forum-about-names-text = Whoever asked for it is called “a member” in front of visitors who are not signed in, and search engines are told not to keep the page.

# The public log
forum-log = The public log
forum-log-text = { $provider } enters every sign-in in a public log, which says neither who signed in nor where. This forum believes no sign-in that is not in it. Every night it checks that the log is still the one it has seen: that nothing was taken out and nothing changed.
forum-log-of = Last checked state
forum-log-size = { $count ->
    [0] no entry
    [one] { $count } entry
   *[other] { $count } entries
}
forum-log-checked = Checked { $when }
forum-log-never = Not checked yet.
forum-log-keys = Keys that sign it
forum-log-address = Address
forum-log-own = How to check it yourself
forum-log-own-all = Anybody can check the whole log, without an account:
forum-log-own-token = Whoever has a token finds the proof that it is in the log, under the SHA-256 of the token in hexadecimal:
forum-log-own-sign-in = The token of your own sign-in in this browser has this SHA-256:
forum-log-own-proof = See its proof in the log
forum-log-unreachable = The public log could not be reached at the last check. This says nothing against it; the forum tries again.
forum-log-unsigned = At the last check the public log was signed by no key that this forum knows. The forum tries again.
forum-log-unreadable = At the last check the public log could not be read. The forum tries again.
forum-log-unwatched = For more than two days the public log could not be checked.
forum-log-missing = { $count ->
    [one] One token was made for a member of this forum and did not come here.
   *[other] { $count } tokens were made for members of this forum and did not come here.
}
forum-log-missing-help = The provider numbers them. A sign-in that this forum refused at the last step leaves a number out, and so does another client of the same sector; anything else is worth a question to { $provider }.
forum-log-broken-title = The public log of { $provider } contradicts itself
forum-log-broken = Nobody can sign in here until the operator of this forum has looked at it. Both states that { $provider } has signed can be downloaded below, to show them to others.
forum-log-break-smaller = It was rolled back: its present state is older than one that it had signed.
forum-log-break-forked = A state that it had signed is no part of its past: two logs were kept, or entries were changed.
forum-log-break-entries = Its entries do not lead to the state that it has signed.
forum-log-break-tiles = Its hashes do not lead to the state that it has signed.
forum-log-break-grown = It went on after it had been declared closed.
forum-log-break-genesis = Its register of institutions does not begin as that of { $provider }.
forum-log-break-of = { $origin }, found on { $date }
forum-log-break-accepted = On { $date } the operator decided to go on.
forum-log-evidence = Download the evidence

# Problems
problem-forum-reason-title = A reason is needed
problem-forum-reason-text = Say in at most 500 characters why you do this: it is kept in the trail. Nothing has been done. Go back and write it.
