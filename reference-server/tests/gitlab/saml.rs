//! The SAML link: how the NameID, the SCIM identity and the e-mail find together, or do not.

use axum::http::Method;
use scimspec_reference_server::{
    TokenHash,
    gitlab::{Generation, GitLabConfig, SamlIdentity},
};
use serde_json::{Value, json};

use super::support::{Answer, GitLab, person};
use crate::world::{World, behaviours};

behaviours![
    the_first_saml_sign_in_is_linked_by_e_mail_only_where_that_is_switched_on,
    a_name_id_that_changes_is_refused,
    a_response_without_name_id_or_e_mail_is_refused,
    who_was_not_there_waits_for_approval_or_comes_in,
    from_16_4_a_person_who_is_back_comes_in_by_saml,
    before_16_4_a_person_who_is_back_has_to_link_again,
    an_external_id_that_changes_leaves_the_saml_identity_where_it_is,
];

#[track_caller]
fn refused(answer: Answer, text: &str) {
    let answer = answer.expect(422);
    assert_eq!(answer.json()["error"], text);
}

async fn gitlab(world: &World, saml_identity: SamlIdentity) -> GitLab {
    let config = GitLabConfig::new(Generation::Current, TokenHash::of("scim"), TokenHash::of("admin"));
    GitLab::with(world, GitLabConfig { saml_identity: Some(saml_identity), ..config }).await
}

async fn link(gitlab: &GitLab, name: &str, name_id: &str) {
    let path = format!("/admin/people/{name}/saml-identity");
    gitlab.app(Method::PUT, &path, json!({"name_id": name_id})).await.expect(204);
}

const EMAIL: &str = "jane@corp.example";

async fn the_first_saml_sign_in_is_linked_by_e_mail_only_where_that_is_switched_on(world: &World) {
    let gitlab = gitlab(world, SamlIdentity::Keep).await;
    gitlab.jane().await;
    refused(gitlab.saml("a1b2", EMAIL).await, "Email has already been taken");
    gitlab.switch("auto_link_saml_user", true).await;
    gitlab.saml("a1b2", EMAIL).await.expect(200);
    assert_eq!(gitlab.user("jane").await["samlNameId"], "a1b2");
    // Linked once, it is linked for good; the e-mail does not count any more.
    gitlab.switch("auto_link_saml_user", false).await;
    gitlab.saml("a1b2", "other@corp.example").await.expect(200);
}

async fn a_name_id_that_changes_is_refused(world: &World) {
    let gitlab = gitlab(world, SamlIdentity::Keep).await;
    gitlab.switch("auto_link_saml_user", true).await;
    gitlab.jane().await;
    link(&gitlab, "jane", "a1b2").await;
    refused(gitlab.saml("transient", EMAIL).await, "SAML authentication failed: User has already been taken");
    refused(
        gitlab.saml("A1B2", EMAIL).await,
        "SAML authentication failed: Extern uid has already been taken and User has already been taken",
    );
    gitlab.post(person("b2", "john", "John Doe")).await.expect(201);
    refused(
        gitlab.saml("A1B2", "john@corp.example").await,
        "SAML authentication failed: Extern uid has already been taken",
    );
}

async fn a_response_without_name_id_or_e_mail_is_refused(world: &World) {
    let gitlab = gitlab(world, SamlIdentity::Keep).await;
    refused(gitlab.saml("", EMAIL).await, "SAML NameID is missing");
    refused(gitlab.saml("a1b2", " ").await, "The SAML response did not contain an email address");
}

async fn who_was_not_there_waits_for_approval_or_comes_in(world: &World) {
    let gitlab = gitlab(world, SamlIdentity::Keep).await;
    gitlab.saml("new", "new@corp.example").await.expect(403);
    assert_eq!(gitlab.user("new").await["state"], "blocked_pending_approval");
    gitlab.switch("block_auto_created_users", false).await;
    gitlab.saml("newer", "newer@corp.example").await.expect(200);
}

async fn from_16_4_a_person_who_is_back_comes_in_by_saml(world: &World) {
    let gitlab = gitlab(world, SamlIdentity::Keep).await;
    gitlab.jane().await;
    link(&gitlab, "jane", "a1b2").await;
    gitlab.saml("a1b2", EMAIL).await.expect(200);
    gitlab.set_active("a1b2", false).await.expect(204);
    gitlab.saml("a1b2", EMAIL).await.expect(403);
    assert_eq!(gitlab.user("jane").await["samlNameId"], "a1b2");
    gitlab.set_active("a1b2", true).await.expect(204);
    gitlab.saml("a1b2", EMAIL).await.expect(200);
}

/// GitLab issue 379149.
async fn before_16_4_a_person_who_is_back_has_to_link_again(world: &World) {
    let gitlab = gitlab(world, SamlIdentity::Destroy).await;
    gitlab.jane().await;
    link(&gitlab, "jane", "a1b2").await;
    gitlab.set_active("a1b2", false).await.expect(204);
    assert_eq!(gitlab.user("jane").await["samlNameId"], Value::Null);
    gitlab.set_active("a1b2", true).await.expect(204);
    refused(gitlab.saml("a1b2", EMAIL).await, "Email has already been taken");
    link(&gitlab, "jane", "a1b2").await;
    gitlab.saml("a1b2", EMAIL).await.expect(200);
}

async fn an_external_id_that_changes_leaves_the_saml_identity_where_it_is(world: &World) {
    let gitlab = gitlab(world, SamlIdentity::Keep).await;
    gitlab.jane().await;
    link(&gitlab, "jane", "a1b2").await;
    let change = json!([{"op": "replace", "path": "externalId", "value": "c3"}]);
    gitlab.patch("a1b2", change).await.expect(204);
    gitlab.saml("a1b2", EMAIL).await.expect(200);
    refused(gitlab.saml("c3", EMAIL).await, "SAML authentication failed: User has already been taken");
}
