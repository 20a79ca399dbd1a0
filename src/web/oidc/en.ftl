# Between a forum and its answer: choose a pseudonym, consent, go back.

oidc-steps = Steps
oidc-step-sign-in = Sign in
oidc-step-choose = Pseudonym
oidc-step-consent = Consent
oidc-continue = Continue
oidc-returning = Returning to the forum…
oidc-leave = Give up and return to { $forum }

choose-title = Under which name?
choose-lead = { $forum } will know you by this name and by no other. Nobody can connect it with your pseudonyms elsewhere.
choose-own = Your pseudonyms here
choose-again = You had left this forum. Your place is still yours; choose a name.
choose-kind = The name shown
choose-chosen = A name of my choice
choose-chosen-help = Up to 30 characters, unlike any name taken in this forum. Take another than in your other forums: two similar names would connect you.
choose-name = Your pseudonym
choose-partial = A part of my true name: { $name }
choose-partial-help = Verified at the town hall. The forum shows it to its members only.
choose-indexable = Search engines may see this name
choose-indexable-help = Otherwise the forum asks them to ignore it.

choose-error-empty = Type a name, or choose a part of your own.
choose-error-unknown-pseudonym = This pseudonym is no longer to be had. Choose again.
choose-error-no-place = This forum grants no further pseudonym. Use the one you have.
choose-error-changed = This pseudonym was changed just now. Look again.
choose-error-taken = This name is taken, or looks too much like one that is. Choose another.
choose-error-name-empty = Type a name.
choose-error-name-too-long = This name is longer than 30 characters. Shorten it.
choose-error-name-control = This name holds a line break or a control character. Type it on one line.
choose-error-name-direction = This name holds a character that changes the direction of writing. Type it without.
choose-error-name-invisible = This name holds an invisible character. Type it rather than pasting it.
choose-error-name-emoji = This name holds an emoji or a symbol. Use letters, digits, spaces, hyphens and apostrophes.
choose-error-name-not-allowed = This name holds a character that is unusual in names. Use the letters of your keyboard.
choose-error-name-misplaced = A dot or sign stands where its script does not put it. Remove it.
choose-error-name-mark-without-letter = An accent stands without its letter. Put the letter before it.
choose-error-name-too-many-marks = A letter bears too many accents. Leave at most two.
choose-error-name-bad-start = This name begins with a sign. Begin with a letter.
choose-error-name-mixed-scripts = This name mixes several alphabets. Write it in one.
choose-error-name-mixed-numbers = This name mixes several kinds of digits. Use one kind.
choose-error-name-reserved = This name sounds like somebody in charge of the service or the forum. Choose another.
choose-error-name-taken = This name is taken, or looks too much like one that is. Choose another.

consent-title = Enter { $forum }?
consent-policy = Its privacy policy
consent-terms = Its terms of use
consent-learns = What the forum will learn
consent-name = Name
consent-name-untold = Not told
consent-audience-members = Shown to members only
consent-audience-public = Shown to everybody
consent-required = Needed to enter this forum.
consent-area = How precisely to tell where you live
consent-population = { $n ->
    [one] { $n } inhabitant
   *[other] { $n } inhabitants
}
consent-crowd = { $n ->
    [0] nobody enrolled shares this
    [one] { $n } enrolled person, you, fits
   *[other] { $n } enrolled people fit
}
consent-few = few people
consent-crowd-title = How many of you share this?
consent-crowd-help = From { $n } people on, nobody can tell you apart by these facts alone.
consent-crowd-small = Fewer than { $n } of you share all of this: somebody who knows you might recognise you. A wider area is proposed; the decision is yours.
consent-offline = The forum may renew this information while you are away, until you withdraw your consent.
consent-never = The forum learns neither your name, nor your date of birth, nor your address, nor your other forums. You can withdraw this consent at any time on your page.
consent-agree = I agree
consent-deny = I refuse

quality-age_bracket = Age bracket
quality-age_over_18 = Of age (18 or over)
quality-residence = Place of residence
quality-sex = Sex
quality-roles = Offices held
age-under = under { $age }
age-between = { $youngest } to { $oldest }
age-from = { $age } and over
yes = yes
no = no
sex-1 = male
sex-2 = female
sex-9 = not applicable
role-agent = agent of the authority
role-elected = elected representative
role-animator = host of debates
level-country = country
level-region = region
level-departement = département
level-epci = intercommunal body
level-commune = commune

end-session-title = Sign out?
end-session-text = A forum asks to sign you out of this service.
end-session-stay = Stay signed in

problem-oidc-client-title = This forum is not known here
problem-oidc-client-text = The address that brought you names no registered forum. Nothing was told. Return to the forum and let its administrator know.
problem-oidc-disabled-title = This forum no longer has access to the service
problem-oidc-disabled-text = It was disabled. Nothing was told.
problem-oidc-redirect-title = This forum gives an unknown return address
problem-oidc-redirect-text = To protect you, we send nobody there. Nothing was told. Let the forum's administrator know.
problem-oidc-unreadable-title = The forum's request cannot be read
problem-oidc-unreadable-text = It is too long or badly written. Return to the forum and begin again.
problem-oidc-interaction-title = This sign-in is over or began elsewhere
problem-oidc-interaction-text = It has expired, or was opened in another browser. Nothing was told. Return to the forum and begin again.
problem-oidc-not-a-citizen-title = This account opens no forums
problem-oidc-not-a-citizen-text = Only a citizen's account opens forums. Sign out, then sign in with your own.
