# Coming in, and what opens the account.

login-name = Sign-in name
passphrase = Passphrase
passphrase-help = At least 12 characters. Four words that have nothing to do with each other are easy to keep and hard to guess.
passkey-failed = The device gave no passkey. Try again, or take another way.
passkey-script = Passkeys need script. Switch it on for this page, or use a passphrase.
or = or
print = Print

activate-title = Open your access
activate-lead = The code stands on the sheet that you were given at the counter.
activate-code = Code
activate-code-help = 27 letters and digits. Capitals and hyphens do not matter. A recovery code of 16 signs works here too.
activate-continue = Continue
activate-none = No code, or one that no longer works? The counter that enrolled you gives you another on presentation of your document. Your pseudonyms stay the same.

open-title = How will you come in?
open-lead-activation = The code is right. Choose what will open your access from now on; the code is spent as soon as you have.
open-lead-counter = The code is right. Choose what will open your access from now on. What opened it before stops working; your pseudonyms stay.
open-lead-paper = The recovery code is right. Add a new way in; then remove what you have lost.
open-best = Recommended
open-passkey = A passkey
open-passkey-text = Your telephone, computer or security key recognises you by finger, face or PIN. Nothing to remember, and no false site can take it from you.
open-passkey-do = Create a passkey
open-passphrase = A passphrase
open-passphrase-text = If you have no such device. You will need the sign-in name below each time.
open-login-help = Note it: it also stands on your sheet. It says nothing about you.
open-passphrase-do = Use this passphrase

welcome-title = Your access is open
welcome-lead = From now on you can speak on forums under a name that you choose, with qualities that are verified.
welcome-forum = Go to a forum
welcome-forum-text = There, choose “Sign in with Heteronym”.
welcome-name = Choose your pseudonym
welcome-name-text = Another in each forum. Before anything is told, you see exactly what, and how many people share it.
welcome-see = Keep an eye on it
welcome-see-text = Your page lists what every forum has got. You withdraw it there with one button.
welcome-codes = In case you lose your device
welcome-codes-text = Ten recovery codes to print and put away. Without them you would have to come back to the counter.

codes-title = Your recovery codes
codes-lead = They are shown now and never again. Print them or write them down, and keep them at home.
codes-use = Each opens your access once: enter it instead of the code of the sheet, then set a new passkey or passphrase.
codes-where = Where to enter one
codes-done = I have put them away

sign-in-title = Sign in
sign-in-lead = No forum sees this page, or how you sign in.
sign-in-onward = Then you go on to { $forum }.
sign-in-again = Is it still you?
sign-in-again-lead = Before going on, prove once more that it is you.
sign-in-passkey = Sign in with a passkey
sign-in-passphrase = Sign in with the passphrase
login-help = Ten signs, such as 7K2MX-9QRTV; it stands on your sheet.
sign-in-first = First time here?
sign-in-lost = Lost your device or passphrase?
sign-in-paper = Use a recovery code

access-title = What opens your account
access-lead = Passkeys, passphrase, recovery codes, and where you are signed in now.
access-prove = You signed in some time ago. To change anything here, prove once more that it is you.
access-prove-do = Prove it now
access-passkeys = Passkeys
access-passkeys-none = You have none. A passkey is the surest and quickest way in.
access-passkey = Passkey
access-synced = On several devices
access-device = Device
access-since = Since
access-used = Last used
access-remove = Remove…
access-remove-passkey = This passkey will open nothing any more, and your other sessions end.
access-remove-passphrase = The passphrase will open nothing any more, and your other sessions end.
access-remove-do = Remove
access-label = Name of the new passkey
access-label-example = My telephone
access-passkey-add = Add a passkey
access-set = Set
access-unset = Not set
access-passphrase-first = Choose a passphrase
access-passphrase-new = Choose another passphrase
access-passphrase-do = Save the passphrase
access-codes = Recovery codes
access-codes-left = { $n ->
    [0] You have none: without your device you would have to come to the counter.
    [one] One is left.
   *[other] { $n } are left.
}
access-codes-make = Make ten recovery codes
access-codes-replace = The earlier ones stop working.
access-sessions = Where you are signed in
access-means = With
access-began = Signed in
access-seen = Last seen
access-here = This device
access-unknown-device = Unknown browser
access-end = End
access-end-others = End all other sessions
access-done-passkey-added = The passkey is added. Your other sessions have ended.
access-done-passphrase-set = The passphrase is saved. Your other sessions have ended.
access-done-removed = It is removed. Your other sessions have ended.
access-done-session-ended = That session has ended.
access-done-others-ended = All other sessions have ended.
method-device-key = Passkey of one device
method-synced-key = Passkey
method-passphrase = Passphrase

ago-now = just now
ago-minutes = { $n } minutes ago
ago-hours = { $n } hours ago
ago-days = { $n } days ago
