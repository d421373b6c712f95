//! What ttyd is made of, in the order of compiling: how each part is configured and what is patched in it.

use std::collections::BTreeMap;

use super::patch::Patch;

/// One of the sources.
#[derive(Debug)]
pub(super) struct Component {
    /// As the spec names it.
    pub(super) name: &'static str,
    /// Its own `CMake` options, `NAME=VALUE`.
    pub(super) options: &'static [&'static str],
}

/// All of them. Each finds those before it.
pub(super) const COMPONENTS: [Component; 5] = [
    Component {
        name: "zlib",
        options: &["BUILD_SHARED_LIBS=OFF", "ZLIB_BUILD_EXAMPLES=OFF"],
    },
    Component {
        name: "json-c",
        options: &[
            "BUILD_APPS=OFF",
            "BUILD_SHARED_LIBS=OFF",
            "BUILD_STATIC_LIBS=ON",
            "BUILD_TESTING=OFF",
            "DISABLE_WERROR=ON",
        ],
    },
    Component {
        name: "libuv",
        options: &["BUILD_TESTING=OFF", "LIBUV_BUILD_SHARED=OFF"],
    },
    // What ttyd's own release builds use, without TLS: inside a session it is behind the platform's proxy.
    Component {
        name: "libwebsockets",
        options: &[
            "DISABLE_WERROR=ON",
            "LWS_IPV6=ON",
            "LWS_ROLE_RAW_FILE=OFF",
            "LWS_UNIX_SOCK=ON",
            "LWS_WITHOUT_CLIENT=ON",
            "LWS_WITHOUT_EXTENSIONS=OFF",
            "LWS_WITHOUT_TESTAPPS=ON",
            "LWS_WITH_EVLIB_PLUGINS=OFF",
            "LWS_WITH_HTTP2=ON",
            "LWS_WITH_HTTP_BASIC_AUTH=OFF",
            "LWS_WITH_LEJP=OFF",
            "LWS_WITH_LEJP_CONF=OFF",
            "LWS_WITH_LIBUV=ON",
            "LWS_WITH_LWSAC=OFF",
            "LWS_WITH_MINIMAL_EXAMPLES=OFF",
            "LWS_WITH_SEQUENCER=OFF",
            "LWS_WITH_SHARED=OFF",
            "LWS_WITH_SSL=OFF",
            "LWS_WITH_STATIC=ON",
            "LWS_WITH_UDP=OFF",
            "LWS_WITH_ZLIB=ON",
        ],
    },
    Component {
        name: "ttyd",
        options: &[],
    },
];

/// What is changed in the sources, by component, a line each.
pub(in crate::tool) fn patched(ping: u16, hangup: u16) -> BTreeMap<String, Vec<String>> {
    let lines = COMPONENTS.iter().map(|component| {
        let patches = patches(component.name, ping, hangup);
        let lines = patches.iter().map(ToString::to_string).collect();
        (component.name.to_owned(), lines)
    });
    lines.collect()
}

/// What is changed in the source of `component`.
///
/// The seconds are in two places: libwebsockets has defaults, and ttyd overrides them with its own. To patch
/// the first alone changes nothing in what ttyd does.
pub(super) fn patches(component: &str, ping: u16, hangup: u16) -> Vec<Patch> {
    let seconds = |file, key, from, to: String| Patch::Replace {
        file,
        key,
        from,
        to,
    };
    match component {
        "zlib" => vec![Patch::Empty {
            // Its build script lists this Windows resource on every system, and some archives lack it.
            file: "win32/zlib1.rc",
        }],
        "libwebsockets" => vec![
            seconds(
                "lib/core/context.c",
                "default_retry.secs_since_valid_ping = ",
                "300;",
                format!("{ping};"),
            ),
            seconds(
                "lib/core/context.c",
                "default_retry.secs_since_valid_hangup = ",
                "310;",
                format!("{hangup};"),
            ),
            // Names a library that a static build does not make.
            Patch::Replace {
                file: "cmake/libwebsockets-config.cmake.in",
                key: "set(LIBWEBSOCKETS_LIBRARIES websockets",
                from: " websockets_shared)",
                to: ")".to_owned(),
            },
        ],
        "ttyd" => vec![
            seconds(
                "src/server.c",
                ".secs_since_valid_ping = ",
                "5,",
                format!("{ping},"),
            ),
            seconds(
                "src/server.c",
                ".secs_since_valid_hangup = ",
                "10,",
                format!("{hangup},"),
            ),
            seconds(
                "src/server.c",
                "Websocket ping interval(sec) (default: ",
                "5)",
                format!("{ping})"),
            ),
        ],
        _ => Vec::new(),
    }
}
