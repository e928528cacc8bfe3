//! Every persona is known by its own conversation, with the options that show on the wire, and nobody else is taken for
//! one.

use rstest::rstest;

use super::super::narrate::application::life;
use super::*;
use crate::exchange::{Broken, Destination, Origin, Request};
use crate::persona::catalogue;

/// What cannot be seen from outside: how a list is judged, what is not sent, when something is tried again.
const HIDDEN: [&str; 4] = ["strict-probe", "no-updates", "retry-failed", "ignore-retry-after"];

fn first(exchanges: &[Exchange]) -> Likeness {
    who(exchanges).into_iter().next().expect("like somebody")
}

#[tokio::test]
async fn every_persona_is_known_by_its_own_conversation() {
    for info in catalogue() {
        let mut names = vec![info.name.to_owned()];
        names.extend(info.options.iter().map(|option| format!("{}+{}", info.name, option.name)));
        for name in names {
            let option = name.split_once('+').map_or("", |(_, option)| option);
            let expected = if HIDDEN.contains(&option) { info.name } else { &name };
            let likeness = first(&life(&name).await);
            assert!(likeness.decided, "{name}: {likeness:#?}");
            assert_eq!(likeness.who.to_string(), expected, "{name}: {likeness:#?}");
            assert!(likeness.evidence.iter().all(|evidence| !evidence.source.is_empty()), "{likeness:#?}");
        }
    }
}

#[tokio::test]
async fn the_same_requests_from_curl_are_nobodys() {
    for info in catalogue() {
        let mut exchanges = life(info.name).await;
        for exchange in &mut exchanges {
            exchange.request.headers.retain(|(name, _)| {
                !["user-agent", "adscimversion", "accept-charset"].contains(&name.to_lowercase().as_str())
            });
            exchange.request.headers.push(("User-Agent".to_owned(), "curl/8.5.0".to_owned()));
        }
        let likenesses = who(&exchanges);
        assert!(likenesses.iter().all(|likeness| !likeness.decided), "{likenesses:#?}");
    }
}

#[tokio::test]
async fn a_log_without_headers_still_shows_who_it_is_by_the_rest() {
    for name in ["okta-catalog", "entra"] {
        let mut exchanges = life(name).await;
        for exchange in &mut exchanges {
            exchange.request.headers.clear();
            exchange.result = Err(Broken::NotRecorded);
        }
        assert_eq!(first(&exchanges).who.to_string(), name, "{:#?}", who(&exchanges));
        assert!(first(&exchanges).decided, "{:#?}", who(&exchanges));
    }
}

#[tokio::test]
async fn what_okta_does_in_every_app_names_okta_and_no_app() {
    let mut exchanges = life("okta-catalog").await;
    exchanges.truncate(4);
    let likeness = first(&exchanges);
    assert_eq!((likeness.who, likeness.decided), (Who::Provider(Provider::Okta), true));
}

#[rstest]
#[case(&[("GET", "/Users?filter=userName+eq+%22kim%22&", ""), ("GET", "/Groups?", ""), ("PUT", "/Users/5?",
    r#"{"schemas":["urn:scim:schemas:core:2.0"],"userName":"kim"}"#)], "OneLogin")]
#[case(&[("GET", "/Users/1", ""), ("DELETE", "/Users/1", "")], "")]
#[case(&[("POST", "/Users", r#"{"userName":"ada"}"#)], "")]
#[case(&[], "")]
fn a_few_requests_by_hand(#[case] requests: &[(&str, &str, &str)], #[case] expected: &str) {
    let exchange = |(method, target, body): &(&str, &str, &str)| Exchange {
        origin: Origin::Recorded,
        request: Request {
            method: method.parse().unwrap(),
            to: Destination::Scim((*target).to_owned()),
            headers: Vec::new(),
            body: (!body.is_empty()).then(|| (*body).to_owned().into()),
        },
        url: format!("https://app.example/scim/v2{target}"),
        result: Err(Broken::NotRecorded),
        started: std::time::SystemTime::UNIX_EPOCH,
        took: std::time::Duration::ZERO,
    };
    let exchanges: Vec<_> = requests.iter().map(exchange).collect();
    let decided = who(&exchanges).into_iter().find(|likeness| likeness.decided);
    assert_eq!(decided.map(|likeness| likeness.who.to_string()).unwrap_or_default(), expected);
}
