//! What a GitLab knows is there again when it is started again on its store: whom SCIM has blocked, whom an
//! administrator has, by which names the provider knows users, the token, the switches, the generation.

use axum::http::Method;
use scimspec_reference_server::gitlab::{Generation, GitLabConfig, SamlIdentity};
use serde_json::{Value, json};

use super::support::{GitLab, config, fresh, person};
use crate::world::{Place, World, behaviours};

behaviours![
    a_restart_keeps_who_is_blocked_and_by_whom,
    a_restart_keeps_identities_groups_and_links,
    a_restart_keeps_the_token_that_the_administrator_made,
    a_restart_keeps_switches_and_generation_unless_told_otherwise,
    news_that_a_server_left_behind_reach_the_accounts,
];

/// The same instance at another server, and so after a restart. In memory nothing is to be kept.
async fn again(world: &World, config: &GitLabConfig) -> Option<GitLab> {
    if matches!(world.place, Place::Memory) {
        return None;
    }
    Some(GitLab::over(vec![world.reopened().await], config.clone()).await)
}

async fn begin(world: &World) -> (GitLabConfig, GitLab) {
    let links = vec![("Engineering".to_owned(), "engineering".to_owned())];
    let config = GitLabConfig { saml_group_links: links, ..fresh(config(Generation::Current)) };
    let gitlab = GitLab::over(vec![world.opened[0].clone()], config.clone()).await;
    (config, gitlab)
}

async fn a_restart_keeps_who_is_blocked_and_by_whom(world: &World) {
    let (config, gitlab) = begin(world).await;
    for name in ["ada", "grace", "mary"] {
        gitlab.post(person(&format!("uid-{name}"), name, "Some One")).await.expect(201);
        gitlab.set_password(name).await;
    }
    gitlab.set_active("uid-ada", false).await.expect(204);
    gitlab.app(Method::PUT, "/admin/people/grace/block", Value::Null).await.expect(204);
    let Some(again) = again(world, &config).await else { return };
    for (name, state, signs_in) in
        [("ada", "ldap_blocked", 403), ("grace", "blocked", 403), ("mary", "active", 200)]
    {
        assert_eq!(again.user(name).await["state"], state);
        assert_eq!(again.sign_in(name).await.status, signs_in, "{name}");
    }
    assert_eq!(again.get("/Users/uid-ada").await.expect(200).json()["active"], false);
    again.app(Method::DELETE, "/admin/people/ada/block", Value::Null).await.expect(403);
    again.set_active("uid-ada", true).await.expect(204);
    assert_eq!(again.sign_in("ada").await.status, 200);
}

async fn a_restart_keeps_identities_groups_and_links(world: &World) {
    let (config, gitlab) = begin(world).await;
    for name in ["ada", "grace", "mary"] {
        gitlab.post(person(&format!("uid-{name}"), name, "Some One")).await.expect(201);
    }
    gitlab.app(Method::DELETE, "/admin/people/grace", Value::Null).await.expect(204);
    gitlab.app(Method::PUT, "/admin/people/ada/saml-identity", json!({"name_id": "N1"})).await.expect(204);
    let group = json!({"displayName": "Engineering", "members": [{"value": "uid-ada"}]});
    gitlab.scim(Method::POST, "/Groups", group).await.expect(201);
    let (users, groups) = (gitlab.get("/Users").await.text, gitlab.get("/Groups").await.text);
    let ada = gitlab.user("ada").await;
    let Some(again) = again(world, &config).await else { return };
    assert_eq!((again.get("/Users").await.text, again.get("/Groups").await.text), (users, groups));
    assert_eq!(again.user("ada").await, ada);
    let members = again.app(Method::GET, "/admin/groups/engineering", Value::Null).await.expect(200).json();
    assert_eq!(members["members"], json!([{"userName": "ada", "role": "developer"}]));
    assert_eq!(again.saml("N1", "ada@corp.example").await.status, 200);
    // The number of who is gone is not given again, and the seed is not sown again.
    again.post(person("uid-new", "new", "Some One")).await.expect(201);
    assert_eq!(again.user("new").await["id"], "4");
}

async fn a_restart_keeps_the_token_that_the_administrator_made(world: &World) {
    let (config, gitlab) = begin(world).await;
    let made = gitlab.app(Method::POST, "/admin/scim-token", Value::Null).await.expect(201).json();
    let Some(again) = again(world, &config).await else { return };
    again.get("/Users").await.expect(401);
    again
        .scim_as(made["token"].as_str().unwrap(), Method::GET, "application/Users", Value::Null)
        .await
        .expect(200);
}

async fn a_restart_keeps_switches_and_generation_unless_told_otherwise(world: &World) {
    let first = fresh(config(Generation::Classic));
    let gitlab = GitLab::over(vec![world.opened[0].clone()], first.clone()).await;
    gitlab.switch("licensed", false).await;
    // Classic has the gates before the token, current behind it.
    let asked = async |gitlab: &GitLab| {
        gitlab.scim_as("wrong", Method::GET, "application/Users", Value::Null).await.status
    };
    assert_eq!(asked(&gitlab).await, 404);
    let saml_identity = Some(SamlIdentity::Destroy);
    let untold = GitLabConfig { generation: None, saml_identity, ..first.clone() };
    let Some(as_it_was) = again(world, &untold).await else { return };
    assert_eq!(asked(&as_it_was).await, 404);
    let told = GitLabConfig { generation: Some(Generation::Current), ..untold };
    let Some(newer) = again(world, &told).await else { return };
    assert_eq!((asked(&newer).await, newer.get("/Users").await.status), (401, 404));
    assert_eq!(asked(&gitlab).await, 401, "the one that was there before is a server of the same instance");
}

/// A server that was killed between the instance and the accounts: the event is kept, and nobody was told.
async fn news_that_a_server_left_behind_reach_the_accounts(world: &World) {
    let (config, gitlab) = begin(world).await;
    gitlab.post(person("uid-ada", "ada", "Ada L")).await.expect(201);
    gitlab.set_password("ada").await;
    assert_eq!(gitlab.sign_in("ada").await.status, 200);
    let Some(notes) = &world.opened[0].notes else { return };
    let tenant = scimspec_reference_server::store::TenantId::new(&format!("/gitlab/{}", config.instance));
    let unseen = scimspec_reference_server::store::Version(u64::MAX);
    let book = notes.read_since(&tenant, unseen).await.unwrap().unwrap();
    assert!(!book.notes.keys().any(|name| name.starts_with("news/")), "all has been told");
    let (name, user) = book.notes.iter().find(|(_, text)| text.contains("\"ada\"")).unwrap();
    let mut user: Value = serde_json::from_str(user).unwrap();
    let event = json!({"Deactivated": {"resource": user["resource"]}});
    user["state"] = "ldap_blocked".into();
    let changes = [
        (name.clone(), Some(user.to_string())),
        ("news/00000000000000000000".to_owned(), Some(event.to_string())),
    ];
    notes.write(&tenant, book.version, &changes.into()).await.unwrap();
    let Some(again) = again(world, &config).await else { return };
    assert_eq!(again.user("ada").await["state"], "ldap_blocked");
    assert_eq!(again.sign_in("ada").await.status, 403);
    let book = notes.read_since(&tenant, unseen).await.unwrap().unwrap();
    assert!(!book.notes.keys().any(|name| name.starts_with("news/")));
}
