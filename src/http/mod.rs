//! What every face of the house shares towards a browser: the accept loop, the security headers, the form guard, the
//! languages, the stylesheet. Knows nothing of the domain, so that the reference forum can stand on it as well.

pub mod server;
