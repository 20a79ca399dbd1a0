sign-in = Sign in
sign-out = Sign out
activate = Activate my access
privacy = Who learns what
foot-promise = Vouches for what you are, never says who you are.
