# Sampled audits, for auditors.

audit-title = Sampled audits
audit-lead = { $name } has tokens opened that nobody could choose, and checks whether they say what was enrolled.
audit-running = The audit under way
audit-id = Audit
audit-begun = Begun on
audit-log = Log
audit-tree = { $log }, with { $size ->
    [one] one entry
   *[other] { $size } entries
}
audit-root = Root
audit-draws = Draws
audit-again = You signed in a while ago. What comes next is about people: sign in once more.
audit-committed = The registry has your audit, with the tree that is drawn from. See for yourself that it does, then show your number: within seven days, or the audit is over. This shows it once it has found the audit:
audit-nonce = Your number
audit-nonce-help = 43 characters, as the program shows them. From then on everybody can work out what is drawn, and the service cannot draw anything else.
audit-nonce-go = Show the number
audit-opening = { $done } of at most { $most } leaves are done with.
audit-look-again = Look again
audit-opened = { $opened ->
    [one] One leaf was opened,
   *[other] { $opened } leaves were opened,
} { $withheld ->
    [0] none was withheld.
    [one] one was withheld.
   *[other] { $withheld } were withheld.
}
audit-take = Take the openings
audit-take-warning = The file is about people, though it names nobody: together with a forum’s tokens it would tell the year of birth of its members. Show it to nobody, and delete it when you have checked it. Here it is deleted when you end the audit, and after 30 days at the latest.
audit-check = Check them against your own copy of the logs:
audit-faults = Faults found
audit-report = SHA-256 of your report
audit-report-help = 43 characters, or 64 in hexadecimal, as the program shows them.
audit-conclude = End the audit with this result
audit-begin = Begin an audit
audit-begin-text = First let the program draw a number on your own machine. It keeps the number in a file, and tells what to enter here:
audit-draws-help = From 1 to 3,000. 300 draws find what is wrong with one token in a hundred, 3,000 what is wrong with one in a thousand, with 95 % certainty.
audit-hash = SHA-256 of your number
audit-hash-help = 43 characters, or 64 in hexadecimal. It binds you: the number itself comes later.
audit-begin-go = Begin
audit-ended = Your former audits
audit-ended-none = There is none yet.
audit-outcome = Outcome
audit-faults-found = { $n ->
    [0] No fault.
    [one] One fault.
   *[other] { $n } faults.
}
audit-no-result = Ended without a result.
audit-no-nonce = Over: the number was not shown.
audit-public = Each step stands in the public registry; what was opened does not.

problem-audit-not-an-auditor-title = This is for auditors
problem-audit-not-an-auditor-text = Your account is not that of an auditor. If you audit this service, sign out and sign in with the account that its operator has given you.
problem-audit-unnamed-title = This account has no name
problem-audit-unnamed-text = The public registry tells by name who audits, and this account has none, or was closed. Ask the operator of the service for an account with one.
problem-audit-draws-title = So many cannot be drawn
problem-audit-draws-text = An audit draws from 1 to 3,000 leaves. Nothing was begun: go back and enter such a number.
problem-audit-log-title = There is no such log
problem-audit-log-text = Nothing was begun. Go back and choose one of the logs that the page lists.
problem-audit-empty-title = There is nothing to draw
problem-audit-empty-text = No token stands in this log yet. Nothing was begun.
problem-audit-running-title = One of your audits has not ended
problem-audit-running-text = An auditor has one audit at a time. Nothing new was begun: end the other one first, or wait until it is over.
problem-audit-repeated-title = This number was used before
problem-audit-repeated-text = What somebody knows already draws nothing by chance. Nothing was begun: let the program draw a new number.
problem-audit-nothing-title = No audit is running
problem-audit-nothing-text = There is nothing to show a number for. Begin an audit first.
problem-audit-shown-title = The number is known already
problem-audit-shown-text = It was shown before, and stands in the registry. Go back to see how far the audit has come.
problem-audit-wrong-title = This is another number
problem-audit-wrong-text = Its SHA-256 is not the one that you began with. Nothing was done: show the one from the same file.
problem-audit-lapsed-title = The audit is over
problem-audit-lapsed-text = Its number was not shown within seven days. It stays in the registry without a draw. Begin another.
problem-audit-not-opened-title = Nothing is opened
problem-audit-not-opened-text = No audit of yours has openings: it was ended, or is not that far. Go back to see how it stands.
problem-audit-pasted-title = These are not 32 bytes
problem-audit-pasted-text = Numbers and hashes have 43 characters, or 64 in hexadecimal. Nothing was done: go back and paste the whole line.
problem-audit-faults-title = This is no number of faults
problem-audit-faults-text = Enter a whole number, 0 where there was none. Nothing was done.
