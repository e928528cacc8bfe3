//! The token endpoint of an identity provider that comes with a key instead of a token: OAuth 2.0 client credentials
//! (RFC 6749 section 4.4) with a JWT as client authentication (RFC 7523 section 2.2), as the IPSIE profile wants it
//! in its sections 4.1 and 8. What the tokens open is the SCIM side's.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode,
    jwk::{Jwk, KeyAlgorithm},
};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use crate::{
    store::{TenantId, Timestamp},
    token::{ScimTokens, TokenError},
};

/// Where the endpoint is.
pub const TOKEN_PATH: &str = "/oauth/token";

/// The scope that a client has to ask for (IPSIE 4.1).
const SCOPE: &str = "scim";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead an assertion may end: it is a proof of the moment, and each is remembered until it ends.
const LONGEST_ASSERTION: Duration = Duration::from_hours(1);

/// The longest body of a request, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// The one client of a server: the identity provider of its first tenant.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// Its `client_id`, which its assertions name as `iss` and `sub` (RFC 7523 section 3).
    pub id: String,
    /// The key that its assertions are signed for.
    pub key: ClientKey,
    /// What its assertions have to name as `aud`: the URL of the endpoint, as the client sees it. Not taken from a
    /// request, whose `Host` whoever replays an assertion could choose.
    pub audience: String,
    /// How long an access token is good.
    pub lifetime: Duration,
}

/// The public half of a client's key, for ES256.
#[derive(Clone)]
pub struct ClientKey(DecodingKey);

/// Not the key of a client.
#[derive(Debug, Error)]
pub enum ClientKeyError {
    /// No JWK.
    #[error("the client's key is no JWK (RFC 7517): {0}")]
    NoJwk(serde_json::Error),
    /// A JWK of another kind.
    #[error(
        "the client's key has to be a public one for ES256: {{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": .., \"y\": ..}}"
    )]
    NotForEs256,
}

impl ClientKey {
    /// Reads a public key for ES256 from a JWK (RFC 7517; RFC 7518 section 3.4).
    pub fn from_jwk(text: &str) -> Result<Self, ClientKeyError> {
        let jwk: Jwk = serde_json::from_str(text).map_err(ClientKeyError::NoJwk)?;
        let is_es256 = jwk.common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::ES256);
        let is_p256 = matches!(
            &jwk.algorithm,
            jsonwebtoken::jwk::AlgorithmParameters::EllipticCurve(curve)
                if curve.curve == jsonwebtoken::jwk::EllipticCurve::P256
        );
        if !is_es256 || !is_p256 {
            return Err(ClientKeyError::NotForEs256);
        }
        DecodingKey::from_jwk(&jwk).map(Self).map_err(|_| ClientKeyError::NotForEs256)
    }
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientKey(ES256)")
    }
}

/// What the endpoint needs.
pub(crate) struct Desk {
    pub(crate) client: OAuthClient,
    pub(crate) tenant: TenantId,
    pub(crate) tokens: Arc<ScimTokens>,
}

/// The route of the endpoint.
pub(crate) fn router(desk: Desk) -> Router {
    Router::new().route(TOKEN_PATH, post(token)).with_state(Arc::new(desk))
}

async fn token(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    match desk.token(request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

/// Why there is no access token: the errors of RFC 6749 section 5.2.
enum Refusal {
    InvalidRequest(&'static str),
    InvalidClient(&'static str),
    UnsupportedGrantType,
    InvalidScope,
    Broken,
}

impl From<TokenError> for Refusal {
    fn from(_: TokenError) -> Self {
        Self::Broken
    }
}

/// What a client says of itself (RFC 7523 section 3).
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: u64,
    nbf: Option<u64>,
    jti: String,
}

impl Desk {
    async fn token(&self, request: Request) -> Result<Response, Refusal> {
        if request.headers().contains_key(header::AUTHORIZATION) {
            return Err(Refusal::InvalidClient("a client authenticates with a client_assertion here"));
        }
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let body = to_bytes(request.into_body(), LONGEST_BODY).await;
        let body = body.map_err(|_| Refusal::InvalidRequest("the body is too long, or broke off"))?;
        if !is_form {
            return Err(Refusal::InvalidRequest("send the parameters as application/x-www-form-urlencoded"));
        }
        let parameters =
            read(&body).ok_or(Refusal::InvalidRequest("a parameter is there twice, or no text"))?;
        let given = |name: &str| parameters.get(name).map(String::as_str);
        // IPSIE 4.1: no credentials of a client in the body.
        if given("client_secret").is_some() {
            return Err(Refusal::InvalidClient("a client_secret is not taken; send a client_assertion"));
        }
        match given("grant_type") {
            Some("client_credentials") => {}
            Some(_) => return Err(Refusal::UnsupportedGrantType),
            None => return Err(Refusal::InvalidRequest("grant_type is missing")),
        }
        if given("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(Refusal::InvalidClient("client_assertion_type has to be that of a JWT (RFC 7523)"));
        }
        let assertion =
            given("client_assertion").ok_or(Refusal::InvalidClient("client_assertion is missing"))?;
        if given("client_id").is_some_and(|id| id != self.client.id) {
            return Err(Refusal::InvalidClient("client_id is another one than the assertion's"));
        }
        self.authenticate(assertion).await?;
        let scopes = given("scope").unwrap_or_default();
        if !scopes.split(' ').any(|scope| scope == SCOPE) {
            return Err(Refusal::InvalidScope);
        }
        let issued = self.tokens.create_for(&self.tenant, self.client.lifetime).await?;
        let body = json!({
            "access_token": issued.token,
            "token_type": "Bearer",
            "expires_in": self.client.lifetime.as_secs(),
            "scope": SCOPE,
        });
        Ok(not_stored((StatusCode::OK, Json(body)).into_response()))
    }

    async fn authenticate(&self, assertion: &str) -> Result<(), Refusal> {
        let mut validation = Validation::new(Algorithm::ES256);
        // Times are held against this server's clock, below.
        validation.validate_exp = false;
        validation.set_audience(&[&self.client.audience]);
        validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        let refused = Refusal::InvalidClient("the client_assertion is not this client's for this endpoint");
        let Ok(claims) = decode::<Claims>(assertion, &self.client.key.0, &validation) else {
            return Err(refused);
        };
        let Claims { iss, sub, exp, nbf, jti } = claims.claims;
        if iss != self.client.id || sub != self.client.id || jti.is_empty() {
            return Err(refused);
        }
        let now = self.tokens.now();
        let (seconds, latest) = (now.epoch_seconds(), now.plus(LONGEST_ASSERTION).epoch_seconds());
        if exp <= seconds || exp > latest || nbf.is_some_and(|nbf| nbf > seconds) {
            return Err(Refusal::InvalidClient(
                "the client_assertion is over, not yet good, or good for too long",
            ));
        }
        let ends: Timestamp = now.plus(Duration::from_secs(exp - seconds + 1));
        let is_first = self.tokens.is_first(&self.tenant, &jti, ends).await;
        if is_first.map_err(|_| Refusal::Broken)? {
            Ok(())
        } else {
            Err(Refusal::InvalidClient("the client_assertion has been used already; make another one"))
        }
    }
}

/// The parameters of a form. RFC 6749 section 3.2: none may be there twice, and one without a value is not there.
fn read(body: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    for pair in std::str::from_utf8(body).ok()?.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let text = |part: &str| {
            let spaced = part.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().ok().map(String::from)
        };
        let (name, value) = (text(name)?, text(value)?);
        if !value.is_empty() && parameters.insert(name, value).is_some() {
            return None;
        }
    }
    Some(parameters)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error, description) = match self {
            Self::InvalidRequest(text) => (StatusCode::BAD_REQUEST, "invalid_request", text),
            Self::InvalidClient(text) => (StatusCode::UNAUTHORIZED, "invalid_client", text),
            Self::UnsupportedGrantType => {
                (StatusCode::BAD_REQUEST, "unsupported_grant_type", "only client_credentials is supported")
            }
            Self::InvalidScope => {
                (StatusCode::BAD_REQUEST, "invalid_scope", "ask for the scope scim; there is no other")
            }
            Self::Broken => {
                (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the token could not be made")
            }
        };
        let body = json!({"error": error, "error_description": description});
        not_stored((status, Json(body)).into_response())
    }
}

/// RFC 6749 section 5.1: what holds a token is not to be stored on the way.
fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
