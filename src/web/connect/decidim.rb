# For Decidim 0.31 or later. Before, "openid_connect: { enabled: true }" under "omniauth" in config/secrets.yml stands for
# the first line.
Decidim.omniauth_providers[:openid_connect] = { enabled: true, icon: "user-line" }

Rails.application.config.middleware.use OmniAuth::Builder do
  provider(
    :openid_connect,
    name: :openid_connect,
    issuer: "ISSUER",
    discovery: true,
    response_type: :code,
    scope: [SCOPES],
    pkce: true,
    client_options: {
      identifier: "CLIENT_ID",
      secret: ENV.fetch("HETERONYM_CLIENT_SECRET"),
      redirect_uri: "REDIRECT"
    }
  )
end
