//! Lists the scenario files, recordings and profiles, so that adding one needs no line of Rust.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut files = Vec::new();
    for entry in sorted(&root)? {
        let name = entry.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if entry.is_dir() && !matches!(name.as_str(), "src" | "profiles" | "snapshots" | "target") {
            collect(&entry, "yaml", &mut files)?;
        }
    }
    println!("cargo::rerun-if-changed={}", root.display());
    let mut profiles = Vec::new();
    collect(&root.join("profiles"), "toml", &mut profiles)?;
    let mut recordings = Vec::new();
    collect(&root.join("recordings"), "har", &mut recordings)?;
    let mut code = String::new();
    list(&mut code, "SCENARIOS", "Every scenario file of the library, by path.", &root, &files);
    list(&mut code, "RECORDINGS", "Every recording of the library, by path.", &root, &recordings);
    list(&mut code, "PROFILES", "Every profile file, by path.", &root, &profiles);
    fs::write(out.join("files.rs"), code)
}

fn collect(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in sorted(folder)? {
        if entry.is_dir() {
            collect(&entry, ending, files)?;
        } else if entry.extension().is_some_and(|e| e == ending) {
            files.push(entry);
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn list(code: &mut String, name: &str, doc: &str, root: &Path, files: &[PathBuf]) {
    let _ = writeln!(code, "/// {doc}\npub static {name}: &[File] = &[");
    for file in files {
        let below = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let _ = writeln!(
            code,
            "    File {{ path: {below:?}, text: include_str!({:?}) }},",
            file.display().to_string()
        );
    }
    code.push_str("];\n");
}
