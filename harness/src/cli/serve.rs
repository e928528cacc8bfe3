//! `scimspec serve`: the reference server for people and other processes to use.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use scimspec_reference_server::gitlab::{Generation, GitLabConfig, SamlIdentity};
use scimspec_reference_server::scim::Rules;
use scimspec_reference_server::{ClientKey, Limits, Protocol, PublicUrl, Rate, TenantName, TokenHash};
use secrecy::{ExposeSecret, SecretString};

use super::run::{Refusal, find_deviations};
use super::signals::Signals;
use super::state_folder;
use crate::report::Exit;
use crate::secrets::Secrets;
use crate::target::config;
use crate::target::embedded::{Blueprint, Embedded, Front};
use crate::target::listen::Tls;
use crate::terminal::Terminal;

/// Flags as they were typed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The port on the loopback interface; 0: any free one.
    #[arg(long, value_name = "PORT", default_value_t = 7643)]
    port: u16,
    /// Listen here instead of on the loopback interface, e.g. 0.0.0.0:8443.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "port")]
    listen: Option<SocketAddr>,
    /// The certificate, and those that it rests on, in PEM: speak HTTPS.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Speak plain HTTP also beyond the loopback interface, where others can read tokens and passwords.
    #[arg(long)]
    allow_plain_http: bool,
    /// The base URL as clients see it, if something stands in between.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// What to be.
    #[arg(long = "as", value_name = "WHAT", default_value = "rfc")]
    what: What,
    /// Serve these schemas and resource types as well: {"schemas": [..], "resourceTypes": [..],
    /// "schemaExtensions": [{"resourceType", "schema", "required"}]}, in the form in which SCIM servers publish
    /// them; may be repeated.
    #[arg(long, value_name = "FILE")]
    schemas: Vec<PathBuf>,
    /// Where people and groups are kept: memory, sqlite:FILE, or postgres://USER@HOST/DATABASE, whose password is
    /// taken from PGPASSWORD or ~/.pgpass and which several servers may share.
    #[arg(long, value_name = "STORE", default_value = "memory")]
    store: String,
    /// The environment variable that holds the SCIM token. Default: one made at random, written to a file that only
    /// you can read.
    #[arg(long, value_name = "VAR", conflicts_with = "tenant")]
    token_env: Option<String>,
    /// A tenant with tokens and an application of its own; may be repeated. Default: one without a name.
    #[arg(long, value_name = "NAME")]
    tenant: Vec<String>,
    /// Do this wrong on purpose; may be repeated. `scimspec list deviations` shows all.
    #[arg(long, value_name = "SLUG")]
    deviate: Vec<String>,
    /// Write a configuration with which `scimspec run --config` tests this server, access included. With tenants,
    /// one for each: FILE with the tenant's name before its ending.
    #[arg(long, value_name = "FILE")]
    config_out: Option<PathBuf>,
    #[command(flatten)]
    limits: LimitArguments,
    #[command(flatten)]
    gitlab: GitLabArguments,
    #[command(flatten)]
    ipsie: IpsieArguments,
}

/// How much the server takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitArguments {
    /// Requests per second of a tenant; what is more is answered with 429. Each server counts for itself: two that
    /// share a store take twice as many. Default: no limit.
    #[arg(long = "limit-rate", value_name = "NUMBER")]
    rate: Option<NonZeroU32>,
    /// Requests at once after a time of quiet. Default: as many as --limit-rate.
    #[arg(long = "limit-burst", value_name = "NUMBER", requires = "rate")]
    burst: Option<NonZeroU32>,
    /// The longest request body, in bytes.
    #[arg(long = "limit-body", value_name = "BYTES")]
    body: Option<usize>,
    /// The most operations in a bulk request.
    #[arg(long = "limit-bulk", value_name = "NUMBER")]
    bulk: Option<usize>,
    /// The most levels of a filter.
    #[arg(long = "limit-filter-depth", value_name = "NUMBER")]
    filter_depth: Option<usize>,
    /// The most resources on a page.
    #[arg(long = "limit-page", value_name = "NUMBER")]
    page: Option<usize>,
}

/// With --as gitlab.
#[derive(Debug, Args)]
#[command(next_help_heading = "GitLab")]
struct GitLabArguments {
    /// Which generation of behaviour: 15.8 to about 18.6, or as of 2026. Default: what the store has, or current.
    #[arg(long, value_name = "WHICH")]
    gitlab_generation: Option<GenerationFlag>,
    /// What a deprovisioning does to the SAML identity: before 16.4 it was destroyed. Default: what the store has,
    /// or keep.
    #[arg(long, value_name = "WHAT")]
    gitlab_saml_identity: Option<SamlIdentityFlag>,
}

/// With --as ipsie.
#[derive(Debug, Args)]
#[command(next_help_heading = "IPSIE")]
struct IpsieArguments {
    /// The public key of the identity provider as a JWK for ES256: it can then get access tokens at /oauth/token, for the
    /// scope scim, with an assertion that it has signed (RFC 7523); its aud is the URL of that endpoint.
    #[arg(long, value_name = "FILE")]
    oauth_client_key: Option<PathBuf>,
    /// The client's id, which its assertions name as iss and sub.
    #[arg(long, value_name = "ID", default_value = "scimspec", requires = "oauth_client_key")]
    oauth_client_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// A SCIM server by RFC 7643 and RFC 7644.
    Rfc,
    /// The same under the rules of the SCIM interoperability profile, which contradict the RFC in points.
    Interop,
    /// The same under the rules of the IPSIE profile, which are those of interop and no password.
    Ipsie,
    /// A GitLab's SCIM API, and what is its own about it.
    Gitlab,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GenerationFlag {
    Classic,
    Current,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SamlIdentityFlag {
    Destroy,
    Keep,
}

/// Runs the command until Ctrl-C.
pub(super) async fn main(arguments: Arguments, terminal: &Terminal) -> Exit {
    match serve(arguments, terminal).await {
        Ok(()) => Exit::Conformant,
        Err(Refusal(exit, message)) => {
            terminal.error(&message);
            exit
        }
    }
}

async fn serve(arguments: Arguments, terminal: &Terminal) -> Result<(), Refusal> {
    // Before any file is written: they go when the server ends, however early that is.
    let signals = Signals::listen().map_err(Refusal::could_not_run)?;
    let secrets = Secrets::default();
    let blueprint = arguments.blueprint(&secrets)?;
    let embedded = Embedded::build(blueprint, &secrets).await.map_err(Refusal::could_not_run)?;
    let mut files = Files::default();
    if embedded.tenants.is_empty() {
        let tokens = (&embedded.token, &embedded.admin);
        files.write(&embedded, None, tokens, arguments.config_out.as_deref(), terminal)?;
    }
    for tenant in &embedded.tenants {
        let tokens = (&tenant.token, &tenant.admin);
        let config = arguments.config_out.as_ref().map(|path| named(path, &tenant.name));
        let other = embedded.tenants.iter().find(|other| other.name != tenant.name);
        let other = other.and_then(|other| Some(named(arguments.config_out.as_ref()?, &other.name)));
        files.write(
            &embedded,
            Some((&tenant.name, other.as_deref())),
            tokens,
            config.as_deref(),
            terminal,
        )?;
    }
    // After the files: whoever waits for this line reads them next.
    terminal.print(&format!("{}\n", embedded.url));
    for slug in &arguments.deviate {
        terminal.tell(&format!("deviates on purpose: {slug}"));
    }
    terminal.tell(match arguments.store.as_str() {
        "memory" => "Ctrl-C ends it; what it stores ends with it, and so do these files",
        _ => "Ctrl-C ends it; what it stores stays, these files go",
    });
    signals.stop(|| {}).await;
    embedded.stop().await.map_err(Refusal::could_not_run)
}

impl Arguments {
    /// What the flags mean together.
    fn blueprint(&self, secrets: &Secrets) -> Result<Blueprint, Refusal> {
        let address = self.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)));
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::read(certificate, key).map_err(Refusal::usage)?),
            _ => None,
        };
        if tls.is_none() && !address.ip().is_loopback() && !self.allow_plain_http {
            return Err(Refusal::usage(format!(
                "{address} can be reached by others, who could read tokens and passwords in plain HTTP: give \
                 --tls-cert and --tls-key, or say --allow-plain-http"
            )));
        }
        let token = match &self.token_env {
            Some(variable) => Some(config::token_from_env(variable, secrets).map_err(Refusal::usage)?),
            None => None,
        };
        let front = match self.what {
            What::Rfc => self.scim(&Rules::RFC)?,
            What::Interop => self.scim(&Rules::INTEROP)?,
            What::Ipsie => self.scim(&Rules::IPSIE)?,
            What::Gitlab => self.gitlab()?,
        };
        Ok(Blueprint { address, tls, token, limits: self.limits.limits(), front })
    }

    fn scim(&self, rules: &'static Rules) -> Result<Front, Refusal> {
        if self.gitlab.gitlab_generation.is_some() || self.gitlab.gitlab_saml_identity.is_some() {
            return Err(Refusal::usage("the flags --gitlab-... go with --as gitlab"));
        }
        if self.what != What::Ipsie && self.ipsie.oauth_client_key.is_some() {
            return Err(Refusal::usage("the flags --oauth-... go with --as ipsie"));
        }
        let names = self.tenant.iter().map(|name| TenantName::parse(name));
        let public_url = self.public_url.as_deref().map(PublicUrl::parse).transpose();
        Ok(Front::Rfc {
            tenants: names.collect::<Result<_, _>>().map_err(Refusal::usage)?,
            public_url: public_url.map_err(Refusal::usage)?,
            deviations: find_deviations(&self.deviate)?,
            protocol: self.protocol(rules)?,
            oauth: self.oauth()?,
            // Not read by clap, whose message would repeat a password.
            store: self.store.parse().map_err(Refusal::usage)?,
        })
    }

    fn protocol(&self, rules: &'static Rules) -> Result<Protocol, Refusal> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map(|text| (path.display().to_string(), text)).map_err(|error| {
                Refusal::usage(format!("the schemas in {} cannot be read: {error}", path.display()))
            })
        };
        let definitions = self.schemas.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Protocol::new(rules, &definitions).map_err(Refusal::usage)
    }

    fn oauth(&self) -> Result<Option<(String, ClientKey)>, Refusal> {
        let Some(path) = &self.ipsie.oauth_client_key else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(|error| {
            Refusal::usage(format!("the client's key in {} cannot be read: {error}", path.display()))
        })?;
        let key = ClientKey::from_jwk(&text).map_err(Refusal::usage)?;
        Ok(Some((self.ipsie.oauth_client_id.clone(), key)))
    }

    fn gitlab(&self) -> Result<Front, Refusal> {
        let foreign = [
            ("--deviate", !self.deviate.is_empty()),
            ("--tenant", !self.tenant.is_empty()),
            ("--public-url", self.public_url.is_some()),
            ("--limit-page", self.limits.page.is_some()),
            ("--limit-bulk", self.limits.bulk.is_some()),
            ("--limit-filter-depth", self.limits.filter_depth.is_some()),
            ("--schemas", !self.schemas.is_empty()),
            ("--oauth-client-key", self.ipsie.oauth_client_key.is_some()),
        ];
        if let Some((flag, _)) = foreign.iter().find(|(_, given)| *given) {
            return Err(Refusal::usage(format!(
                "{flag} does not go with --as gitlab, which has no such thing"
            )));
        }
        // The tokens are made where the server is.
        let mut config = GitLabConfig::new(Generation::Current, TokenHash::of(""), TokenHash::of(""));
        config.generation = self.gitlab.gitlab_generation.map(|generation| match generation {
            GenerationFlag::Classic => Generation::Classic,
            GenerationFlag::Current => Generation::Current,
        });
        config.saml_identity = self.gitlab.gitlab_saml_identity.map(|what| match what {
            SamlIdentityFlag::Destroy => SamlIdentity::Destroy,
            SamlIdentityFlag::Keep => SamlIdentity::Keep,
        });
        let store = self.store.parse().map_err(Refusal::usage)?;
        Ok(Front::GitLab { config: Box::new(config), store })
    }
}

impl LimitArguments {
    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.body = self.body.unwrap_or(limits.body);
        limits.page = self.page.unwrap_or(limits.page);
        limits.bulk_operations = self.bulk.unwrap_or(limits.bulk_operations);
        limits.filter_depth = self.filter_depth.unwrap_or(limits.filter_depth);
        limits.rate =
            self.rate.map(|per_second| Rate { per_second, burst: self.burst.unwrap_or(per_second) });
        limits
    }
}

/// The files of a server, removed when it ends: its tokens are worth nothing then.
#[derive(Default)]
struct Files(Vec<PathBuf>);

impl Files {
    /// Writes the tokens of a server, or of one of its tenants, and the configuration that names them; a tenant's also names
    /// the token of another tenant, that of the other configuration.
    fn write(
        &mut self,
        embedded: &Embedded,
        tenant: Option<(&TenantName, Option<&Path>)>,
        (token, admin): (&SecretString, &SecretString),
        config: Option<&Path>,
        terminal: &Terminal,
    ) -> Result<(), Refusal> {
        let (token_file, admin_file) = if let Some(config) = config {
            (beside(config, "token"), beside(config, "admin-token"))
        } else {
            let port = embedded.url.port_or_known_default().unwrap_or_default();
            let name =
                tenant.map_or_else(|| format!("serve-{port}"), |(name, _)| format!("serve-{port}-{name}"));
            let folder = state_folder();
            std::fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
            (folder.join(format!("{name}.token")), folder.join(format!("{name}.admin-token")))
        };
        self.secret(&token_file, token)?;
        self.secret(&admin_file, admin)?;
        if let Some(path) = config {
            let name = |file: &Path| file.file_name().map_or_else(|| file.to_owned(), PathBuf::from);
            let (token, admin) = (name(&token_file), name(&admin_file));
            let text = match tenant {
                None => embedded.config_text(&token, &admin),
                Some((tenant, other)) => {
                    let other = other.map(|config| name(&beside(config, "token")));
                    embedded.tenant_config_text(tenant, &token, &admin, other.as_deref())
                }
            };
            std::fs::write(path, text).map_err(|error| cannot_write(path, &error))?;
            self.0.push(path.to_owned());
        }
        let (of, application) = tenant.map_or_else(
            || (String::new(), "/app/admin".to_owned()),
            |(name, _)| (format!(" of {name}"), format!("/tenants/{name}/app/admin")),
        );
        terminal.tell(&format!("SCIM token{of}: in {}", token_file.display()));
        terminal.tell(&format!(
            "administrator's token of the application{of} ({application}): in {}",
            admin_file.display()
        ));
        if let Some(path) = config {
            terminal.tell(&format!("test it: scimspec run --config {}", path.display()));
        }
        Ok(())
    }

    fn secret(&mut self, path: &Path, secret: &SecretString) -> Result<(), Refusal> {
        let fail = |error| cannot_write(path, &error);
        // A file that is there already could be readable by others, or a link to somewhere else.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(fail)?;
        self.0.push(path.to_owned());
        writeln!(file, "{}", secret.expose_secret()).map_err(fail)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for path in &self.0 {
            // It may be gone already; then that is what was wanted.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn beside(config: &Path, ending: &str) -> PathBuf {
    let mut name = config.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    config.with_file_name(name)
}

/// The configuration of a tenant: `c.toml` becomes `c.NAME.toml`.
fn named(config: &Path, tenant: &TenantName) -> PathBuf {
    let stem = config.file_stem().unwrap_or_default().to_string_lossy();
    let ending =
        config.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    config.with_file_name(format!("{stem}.{tenant}{ending}"))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal(Exit::CouldNotJudge, format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use scimspec_reference_server::store::StoreChoice;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn blueprint(flags: &[&str]) -> Result<Blueprint, String> {
        let line = Line::try_parse_from(["serve"].iter().chain(flags)).map_err(|error| error.to_string())?;
        line.arguments.blueprint(&Secrets::default()).map_err(|Refusal(_, message)| message)
    }

    #[test]
    fn plain_http_beyond_the_loopback_interface_has_to_be_asked_for() {
        assert!(blueprint(&[]).unwrap().address.ip().is_loopback());
        assert!(blueprint(&["--listen", "[::1]:0"]).is_ok());
        let refused = blueprint(&["--listen", "0.0.0.0:0"]).unwrap_err();
        assert!(refused.contains("--allow-plain-http"), "{refused}");
        assert!(blueprint(&["--listen", "0.0.0.0:0", "--allow-plain-http"]).is_ok());
        assert!(blueprint(&["--listen", "127.0.0.1:0", "--port", "1"]).is_err());
        assert!(blueprint(&["--tls-cert", "cert.pem"]).is_err(), "the key is missing");
    }

    #[test]
    fn limits_are_what_the_flags_say() {
        let flags =
            ["--limit-rate", "5", "--limit-body", "100", "--limit-page", "7", "--limit-filter-depth", "3"];
        let limits = blueprint(&flags).unwrap().limits;
        let five = NonZeroU32::new(5).unwrap();
        assert_eq!(limits.rate, Some(Rate { per_second: five, burst: five }));
        assert_eq!((limits.body, limits.page, limits.filter_depth), (100, 7, 3));
        assert_eq!(blueprint(&[]).unwrap().limits, Limits::default());
        assert!(blueprint(&["--limit-burst", "5"]).is_err());
        assert!(blueprint(&["--limit-rate", "0"]).is_err());
    }

    #[test]
    fn a_gitlab_has_its_own_flags_and_no_others() {
        let flags = ["--as", "gitlab", "--gitlab-generation", "classic", "--gitlab-saml-identity", "destroy"];
        let Front::GitLab { config, store } = blueprint(&flags).unwrap().front else { panic!("no GitLab") };
        let given = (config.generation, config.saml_identity);
        assert_eq!(given, (Some(Generation::Classic), Some(SamlIdentity::Destroy)));
        assert_eq!(store, StoreChoice::Memory);
        let kept = blueprint(&["--as", "gitlab", "--store", "sqlite:people.db"]).unwrap().front;
        let Front::GitLab { config, store } = kept else { panic!("no GitLab") };
        assert_eq!((config.generation, config.saml_identity), (None, None));
        assert_eq!(store, StoreChoice::Sqlite("people.db".into()));
        for flags in [
            &["--as", "gitlab", "--tenant", "one"][..],
            &["--as", "gitlab", "--deviate", "deactivate-hard-deletes"],
            &["--as", "gitlab", "--limit-page", "3"],
            &["--gitlab-generation", "classic"],
        ] {
            assert!(blueprint(flags).is_err(), "{flags:?}");
        }
    }

    #[test]
    fn a_client_s_key_goes_with_ipsie_and_has_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let (good, bad) = (folder.path().join("good.jwk"), folder.path().join("bad.jwk"));
        // The example of RFC 7517 appendix A.1, without the private half.
        let jwk = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                      "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
        std::fs::write(&good, jwk).unwrap();
        std::fs::write(&bad, "{}").unwrap();
        let flags = |what, file: &Path| {
            let file = file.display().to_string();
            blueprint(&["--as", what, "--oauth-client-key", &file]).map(|blueprint| blueprint.front)
        };
        let Front::Rfc { oauth: Some((id, _)), .. } = flags("ipsie", &good).unwrap() else {
            panic!("no client")
        };
        assert_eq!(id, "scimspec");
        assert!(flags("ipsie", &bad).unwrap_err().contains("JWK"));
        for other in ["rfc", "interop", "gitlab"] {
            assert!(flags(other, &good).unwrap_err().contains("--oauth-"), "{other}");
        }
    }

    #[test]
    fn tenants_have_names_that_a_path_can_hold() {
        assert!(blueprint(&["--tenant", "one", "--tenant", "two"]).is_ok());
        assert!(blueprint(&["--tenant", "One"]).is_err());
    }

    #[test]
    fn each_tenant_has_a_configuration_of_its_own() {
        let name = TenantName::parse("one").unwrap();
        assert_eq!(named(Path::new("a/c.toml"), &name), Path::new("a/c.one.toml"));
        assert_eq!(named(Path::new("c"), &name), Path::new("c.one"));
    }
}
