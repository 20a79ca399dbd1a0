<?php
// "OpenID Connect Generic" sends no code_challenge, and Heteronym takes no request without one (RFC 7636).
add_filter( 'openid-connect-generic-auth-url', function ( $url ) {
	parse_str( (string) wp_parse_url( $url, PHP_URL_QUERY ), $query );
	$key      = 'heteronym-pkce-' . sanitize_key( $query['state'] );
	$verifier = bin2hex( random_bytes( 32 ) );
	set_transient( $key, $verifier, 10 * MINUTE_IN_SECONDS );
	$challenge = rtrim( strtr( base64_encode( hash( 'sha256', $verifier, true ) ), '+/', '-_' ), '=' );
	return $url . '&code_challenge_method=S256&code_challenge=' . $challenge;
} );
add_filter( 'openid-connect-generic-alter-request', function ( $request, $operation ) {
	if ( 'get-authentication-token' === $operation && isset( $_GET['state'] ) ) {
		$key = 'heteronym-pkce-' . sanitize_key( wp_unslash( $_GET['state'] ) );
		$request['body']['code_verifier'] = (string) get_transient( $key );
		delete_transient( $key );
	}
	return $request;
}, 10, 2 );
