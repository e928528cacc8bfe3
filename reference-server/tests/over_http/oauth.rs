//! The token endpoint of the IPSIE profile: a client that proves itself with a JWT gets an access token that opens SCIM
//! for a while, and nobody else gets any.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Method, Request},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::KeyPair;
use scimspec_reference_server::{
    ClientKey, Clock, Config, OAuthClient, Protocol, TOKEN_PATH, TokenHash, scim::Rules, store::Timestamp,
};
use serde_json::{Value, json};

use crate::support::{Answer, SCIM_TOKEN, Server};

const AUDIENCE: &str = "https://scim.example.com/oauth/token";
const CLIENT: &str = "idp";
const LIFETIME: u64 = 600;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct World {
    server: Server,
    key: KeyPair,
    time: Arc<Mutex<Timestamp>>,
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

fn jwk(key: &KeyPair) -> Value {
    // An uncompressed point (SEC 1 section 2.3.3): 4, then the two coordinates.
    let point = key.public_key_raw();
    let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({"kty": "EC", "crv": "P-256", "x": coordinate(&point[1..33]), "y": coordinate(&point[33..])})
}

impl World {
    fn new() -> Self {
        let (key, time) = (key(), Arc::new(Mutex::new(Timestamp::now())));
        let shown = Arc::clone(&time);
        let clock = Clock::new(move || *shown.lock().unwrap());
        let protocol = Protocol { clock, ..Protocol::new(&Rules::IPSIE, &[]).unwrap() };
        let client = OAuthClient {
            id: CLIENT.to_owned(),
            key: ClientKey::from_jwk(&jwk(&key).to_string()).unwrap(),
            audience: AUDIENCE.to_owned(),
            lifetime: Duration::from_secs(LIFETIME),
        };
        let config = Config::single(TokenHash::of(SCIM_TOKEN), TokenHash::of("admin"));
        let server = Server::of(Config { protocol, oauth: Some(client), ..config });
        Self { server, key, time }
    }

    fn now(&self) -> u64 {
        self.time.lock().unwrap().epoch_seconds()
    }

    fn forward(&self, seconds: u64) {
        let mut time = self.time.lock().unwrap();
        *time = time.plus(Duration::from_secs(seconds));
    }

    /// What a right assertion says; each has a `jti` of its own.
    fn claims(&self, jti: &str) -> Value {
        json!({"iss": CLIENT, "sub": CLIENT, "aud": AUDIENCE, "exp": self.now() + 60, "jti": jti})
    }

    fn sign(&self, claims: &Value) -> String {
        sign(&self.key, claims)
    }

    async fn ask(&self, parameters: &[(&str, &str)]) -> Answer {
        let encoded = |text: &str| crate::support::encoded(text);
        let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let request = Request::builder()
            .method(Method::POST)
            .uri(TOKEN_PATH)
            .header("content-type", "application/x-www-form-urlencoded");
        self.server.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn with(&self, assertion: &str) -> Answer {
        self.ask(&parameters(assertion)).await
    }

    /// Whether a token opens SCIM.
    async fn users_as(&self, token: &str) -> u16 {
        let request =
            Request::builder().uri("/scim/v2/Users").header("authorization", format!("Bearer {token}"));
        self.server.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
    }
}

fn sign(key: &KeyPair, claims: &Value) -> String {
    let signing = EncodingKey::from_ec_der(&key.serialize_der());
    encode(&Header::new(Algorithm::ES256), claims, &signing).unwrap()
}

fn parameters(assertion: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "client_credentials"),
        ("scope", "scim"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ]
}

#[track_caller]
fn refused(answer: Answer, status: u16, error: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.json()["error"], error, "{}", answer.text);
    assert_eq!(answer.json().get("access_token"), None);
}

#[tokio::test]
async fn ipsie_4_1_l1_a_client_with_the_key_gets_a_token_that_opens_scim() {
    let world = World::new();
    let answer = world.with(&world.sign(&world.claims("1"))).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("scim")));
    assert_eq!(world.users_as(body["access_token"].as_str().unwrap()).await, 200);
    for (authorization, status) in [("Basic c2NpbTpzY2lt", 401), ("Bearer nobody", 401)] {
        let request = Request::builder().uri("/scim/v2/Users").header("authorization", authorization);
        assert_eq!(world.server.send(request.body(Body::empty()).unwrap()).await.status, status);
    }
}

#[tokio::test]
async fn ipsie_8_l2_an_access_token_ends_when_it_was_said_to() {
    let world = World::new();
    let body = world.with(&world.sign(&world.claims("1"))).await.expect(200).json();
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(body["expires_in"], LIFETIME);
    world.forward(LIFETIME - 1);
    assert_eq!(world.users_as(token).await, 200);
    world.forward(1);
    assert_eq!(world.users_as(token).await, 401);
}

#[tokio::test]
async fn ipsie_4_1_l2_credentials_in_the_body_or_in_basic_are_refused() {
    let world = World::new();
    let secret = [
        ("grant_type", "client_credentials"),
        ("scope", "scim"),
        ("client_id", CLIENT),
        ("client_secret", "x"),
    ];
    refused(world.ask(&secret).await, 401, "invalid_client");
    // Nor beside an assertion that would do.
    let assertion = world.sign(&world.claims("1"));
    let both = [&parameters(&assertion)[..], &[("client_secret", "x")]].concat();
    refused(world.ask(&both).await, 401, "invalid_client");
    world.with(&assertion).await.expect(200);
    let request = Request::builder()
        .method(Method::POST)
        .uri(TOKEN_PATH)
        .header("authorization", "Basic aWRwOng=")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer =
        world.server.send(request.body(Body::from("grant_type=client_credentials&scope=scim")).unwrap());
    refused(answer.await, 401, "invalid_client");
}

#[tokio::test]
async fn ipsie_4_1_l3_the_scope_has_to_be_asked_for() {
    let world = World::new();
    for (jti, scope) in [("1", ""), ("2", "openid"), ("3", "SCIM"), ("4", "scimmy")] {
        let assertion = world.sign(&world.claims(jti));
        let mut asked = parameters(&assertion);
        asked[1].1 = scope;
        refused(world.ask(&asked).await, 400, "invalid_scope");
    }
    let assertion = world.sign(&world.claims("5"));
    let mut asked = parameters(&assertion);
    asked[1].1 = "openid scim";
    assert_eq!(world.ask(&asked).await.expect(200).json()["scope"], "scim");
}

#[tokio::test]
async fn rfc7523_3_an_assertion_that_says_anything_else_is_refused() {
    let world = World::new();
    let now = world.now();
    for (name, value) in [
        ("iss", json!("somebody")),
        ("sub", json!("somebody")),
        ("aud", json!("https://other.example.com/oauth/token")),
        ("exp", json!(now)),
        ("exp", json!(now + 7200)),
        ("nbf", json!(now + 30)),
        ("jti", json!("")),
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("jti", Value::Null),
    ] {
        let mut claims = world.claims("1");
        let claims_map = claims.as_object_mut().unwrap();
        if value.is_null() {
            claims_map.remove(name);
        } else {
            claims_map.insert(name.to_owned(), value.clone());
        }
        let answer = world.with(&world.sign(&claims)).await;
        assert_eq!(answer.status, 401, "{name}: {value} {}", answer.text);
        refused(answer, 401, "invalid_client");
    }
    refused(world.with(&sign(&key(), &world.claims("1"))).await, 401, "invalid_client");
    let right = world.sign(&world.claims("1"));
    let (head, rest) = right.split_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let unsigned = format!("{none}.{}.", rest.split_once('.').unwrap().0);
    // The public key as the secret of an HMAC is an old trick.
    let secret = EncodingKey::from_secret(jwk(&world.key).to_string().as_bytes());
    let symmetric = encode(&Header::new(Algorithm::HS256), &world.claims("1"), &secret).unwrap();
    for other in [unsigned, symmetric, head.to_owned(), String::from("x.y.z")] {
        refused(world.with(&other).await, 401, "invalid_client");
    }
    // None of them has used the jti up.
    world.with(&right).await.expect(200);
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let world = World::new();
    let assertion = world.sign(&world.claims("1"));
    world.with(&assertion).await.expect(200);
    refused(world.with(&assertion).await, 401, "invalid_client");
    let mut longer = world.claims("1");
    longer["exp"] = json!(world.now() + 90);
    refused(world.with(&world.sign(&longer)).await, 401, "invalid_client");
    world.with(&world.sign(&world.claims("2"))).await.expect(200);
    world.forward(59);
    refused(world.with(&assertion).await, 401, "invalid_client");
    world.forward(1);
    refused(world.with(&assertion).await, 401, "invalid_client");
}

#[tokio::test]
async fn rfc6749_5_2_other_mistakes_have_the_names_that_they_have_there() {
    let world = World::new();
    let assertion = world.sign(&world.claims("1"));
    let mut other_grant = parameters(&assertion);
    other_grant[0].1 = "password";
    refused(world.ask(&other_grant).await, 400, "unsupported_grant_type");
    refused(world.ask(&parameters(&assertion)[1..]).await, 400, "invalid_request");
    let twice = [&parameters(&assertion)[..], &[("scope", "scim")]].concat();
    refused(world.ask(&twice).await, 400, "invalid_request");
    refused(world.ask(&parameters(&assertion)[..3]).await, 401, "invalid_client");
    let other_client = [&parameters(&assertion)[..], &[("client_id", "somebody")]].concat();
    refused(world.ask(&other_client).await, 401, "invalid_client");
    world.with(&assertion).await.expect(200);
}

#[tokio::test]
async fn without_a_client_there_is_no_such_endpoint_and_a_key_is_a_public_one_for_es256() {
    let server = Server::new();
    let request = Request::builder().method(Method::POST).uri(TOKEN_PATH);
    assert_eq!(server.send(request.body(Body::empty()).unwrap()).await.status, 404);
    for wrong in ["", "{}", r#"{"kty":"oct","k":"AA"}"#, r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#] {
        assert!(ClientKey::from_jwk(wrong).is_err(), "{wrong}");
    }
}
