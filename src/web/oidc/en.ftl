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

consent-title = Enter { $forum }?
consent-changed = Something changed while this page was open: what { $forum } says of itself or asks for, or what is known of you. Nothing has been told yet. Here is how it stands now; please look again.
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

end-session-title = Sign out?
end-session-text = A forum asks to sign you out of this service.
end-session-asked = { $forum } asks to sign you out of this service.
end-session-stay = Stay signed in

problem-oidc-client-title = This forum is not known here
problem-oidc-client-text = The address that brought you names no registered forum. Nothing was told. Return to the forum and let its administrator know.
problem-oidc-disabled-title = This forum no longer has access to the service
problem-oidc-disabled-text = It was disabled. Nothing was told.
problem-oidc-redirect-title = This forum gives an unknown return address
problem-oidc-redirect-text = To protect you, we send nobody there. Nothing was told. Let the forum's administrator know.
problem-oidc-request-uri-title = The forum's request is not known here
problem-oidc-request-uri-text = It was never left with us, or for another forum. Nothing was told. Return to the forum and begin again.
problem-oidc-unreadable-title = The forum's request cannot be read
problem-oidc-unreadable-text = It is too long or badly written. Return to the forum and begin again.
problem-oidc-interaction-title = This sign-in is over or began elsewhere
problem-oidc-interaction-text = It has expired, or was opened in another browser. Nothing was told. Return to the forum and begin again.
problem-oidc-not-a-citizen-title = This account opens no forums
problem-oidc-not-a-citizen-text = Only a citizen's account opens forums. Sign out, then sign in with your own.
