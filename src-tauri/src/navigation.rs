//! The window shows its own page and no other.

use tauri::plugin::{Builder, TauriPlugin};
use tauri::{Runtime, Url};

/// Refuses whatever would take the window elsewhere: a script that found a way in, or a link dropped on it. Links are opened by the
/// system's browser (`open_link`).
pub fn guard<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("navigation")
        .on_navigation(|_, url| {
            let ours = is_ours(url);
            if !ours {
                // Only its kind: an address may hold a person's words.
                tracing::warn!(scheme = url.scheme(), "the window stayed where it is");
            }
            ours
        })
        .build()
}

/// True for the page that is compiled in. An empty page comes before it where the window is driven by a test.
fn is_ours(url: &Url) -> bool {
    match (url.scheme(), url.host_str()) {
        ("tauri", Some("localhost")) => true,
        // Windows serves the same under a name that leads nowhere else.
        ("http" | "https", Some("tauri.localhost")) => cfg!(windows),
        ("about", None) => url.path() == "blank",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_the_page_that_is_compiled_in_is_shown() {
        for (url, ours) in [
            ("tauri://localhost/", true),
            ("tauri://localhost/index.html?x#y", true),
            ("about:blank", true),
            ("about:config", false),
            ("tauri://elsewhere/", false),
            ("https://example.org/", false),
            ("http://localhost/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,x", false),
            ("blob:tauri://localhost/1", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(is_ours(&url.parse().unwrap()), ours, "{url}");
        }
    }
}
