//! Operations as the JSON form of Protocol Buffers has them: names in camel case, 64-bit numbers as texts, bytes in
//! Base64, enumerations by name, and nothing that has its default value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use krunner::report::redact;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::llb::{Resources, pb};
use pb::file_action::Action;
use pb::op::Op;

/// An object without fields of default values.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        let is_default = match &value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            // A message that is there says so, even if it is empty.
            Value::Object(_) => false,
        };
        if !is_default {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// A number of 64 bits.
    fn long(self, name: &str, number: i64) -> Self {
        self.add(name, (number != 0).then(|| number.to_string()))
    }

    /// An enumeration, whose value 0 is its default.
    fn name(self, name: &str, number: i32, value: &str) -> Self {
        self.add(name, (number != 0).then_some(value))
    }

    fn table<V: Serialize>(
        self,
        name: &str,
        table: &std::collections::BTreeMap<String, V>,
    ) -> Self {
        self.add(name, (!table.is_empty()).then_some(table))
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// An operation.
pub(super) fn op(op: &pb::Op) -> Value {
    let inputs = op.inputs.iter().map(|input| {
        let fields = Fields::default().add("digest", &input.digest);
        fields.long("index", input.index).done()
    });
    let fields = Fields::default().add("inputs", inputs.collect::<Vec<_>>());
    let fields = match &op.op {
        None => fields,
        Some(Op::Exec(op)) => fields.add("exec", exec(op)),
        Some(Op::Source(op)) => fields.add("source", source(op)),
        Some(Op::File(op)) => {
            let actions: Vec<_> = op.actions.iter().map(action).collect();
            fields.add("file", Fields::default().add("actions", actions).done())
        }
        Some(Op::Merge(op)) => {
            let inputs: Vec<_> = op.inputs.iter().map(|one| index(one.input)).collect();
            fields.add("merge", Fields::default().add("inputs", inputs).done())
        }
        Some(Op::Diff(op)) => {
            let lower = op.lower.as_ref().map(|one| index(one.input));
            let upper = op.upper.as_ref().map(|one| index(one.input));
            let diff = Fields::default().add("lower", lower).add("upper", upper);
            fields.add("diff", diff.done())
        }
        // Only a graph that the client gave as a context can have one; the engine knows what is in it.
        Some(Op::Build(op)) => fields.add(
            "build",
            Fields::default()
                .long("builder", op.builder)
                .table("attrs", &op.attrs)
                .done(),
        ),
    };
    let platform = op.platform.as_ref().map(|platform| {
        Fields::default()
            .add("Architecture", &platform.architecture)
            .add("OS", &platform.os)
            .add("Variant", &platform.variant)
            .add("OSVersion", &platform.os_version)
            .done()
    });
    let constraints = op.constraints.as_ref().map(|all| {
        let fields = Fields::default().add("filter", &all.filter);
        fields.done()
    });
    fields
        .add("platform", platform)
        .add("constraints", constraints)
        .done()
}

fn index(input: i64) -> Value {
    Fields::default().long("input", input).done()
}

fn source(op: &pb::SourceOp) -> Value {
    Fields::default()
        .add("identifier", &op.identifier)
        .table("attrs", &op.attrs)
        .done()
}

fn exec(op: &pb::ExecOp) -> Value {
    let meta = op.meta.as_ref().map(|meta| {
        Fields::default()
            .add("args", &meta.args)
            .add("env", &meta.env)
            .add("cwd", &meta.cwd)
            .add("user", &meta.user)
            .add("proxyEnv", meta.proxy_env.as_ref().map(proxies))
            .add(
                "extraHosts",
                meta.extra_hosts.iter().map(host).collect::<Vec<_>>(),
            )
            .add("hostname", &meta.hostname)
            .add("ulimit", meta.ulimit.iter().map(ulimit).collect::<Vec<_>>())
            .add("cgroupParent", &meta.cgroup_parent)
            .add(
                "removeMountStubsRecursive",
                meta.remove_mount_stubs_recursive,
            )
            .add("validExitCodes", &meta.valid_exit_codes)
            .done()
    });
    let mounts: Vec<_> = op.mounts.iter().map(mount).collect();
    Fields::default()
        .add("meta", meta)
        .add("mounts", mounts)
        .name("network", op.network, op.network().as_str_name())
        .name("security", op.security, op.security().as_str_name())
        .done()
}

/// Without the credentials that an address may have: this is made to be shown around.
fn proxies(proxies: &pb::ProxyEnv) -> Value {
    Fields::default()
        .add("httpProxy", redact(&proxies.http_proxy))
        .add("httpsProxy", redact(&proxies.https_proxy))
        .add("ftpProxy", redact(&proxies.ftp_proxy))
        .add("noProxy", &proxies.no_proxy)
        .add("allProxy", redact(&proxies.all_proxy))
        .done()
}

fn host(host: &pb::HostIp) -> Value {
    Fields::default()
        .add("Host", &host.host)
        .add("IP", &host.ip)
        .done()
}

fn ulimit(limit: &pb::Ulimit) -> Value {
    Fields::default()
        .add("Name", &limit.name)
        .long("Soft", limit.soft)
        .long("Hard", limit.hard)
        .done()
}

fn mount(mount: &pb::Mount) -> Value {
    let tmpfs = mount.tmpfs_opt.as_ref();
    let cache = mount.cache_opt.as_ref().map(|cache| {
        let fields = Fields::default().add("ID", &cache.id);
        let sharing = cache.sharing().as_str_name();
        fields.name("sharing", cache.sharing, sharing).done()
    });
    Fields::default()
        .long("input", mount.input)
        .add("selector", &mount.selector)
        .add("dest", &mount.dest)
        .long("output", mount.output)
        .add("readonly", mount.readonly)
        .name(
            "mountType",
            mount.mount_type,
            mount.mount_type().as_str_name(),
        )
        .add(
            "TmpfsOpt",
            tmpfs.map(|tmpfs| Fields::default().long("size", tmpfs.size).done()),
        )
        .add("cacheOpt", cache)
        .add("resultID", &mount.result_id)
        .done()
}

fn action(action: &pb::FileAction) -> Value {
    let fields = Fields::default()
        .long("input", action.input)
        .long("secondaryInput", action.secondary_input)
        .long("output", action.output);
    match &action.action {
        None => fields,
        Some(Action::Copy(copy)) => fields.add("copy", copy_file(copy)),
        Some(Action::Mkfile(file)) => fields.add(
            "mkfile",
            Fields::default()
                .add("path", &file.path)
                .add("mode", file.mode)
                .add("data", BASE64.encode(&file.data))
                .add("owner", file.owner.as_ref().map(owner))
                .long("timestamp", file.timestamp)
                .done(),
        ),
        Some(Action::Mkdir(folder)) => fields.add(
            "mkdir",
            Fields::default()
                .add("path", &folder.path)
                .add("mode", folder.mode)
                .add("makeParents", folder.make_parents)
                .add("owner", folder.owner.as_ref().map(owner))
                .long("timestamp", folder.timestamp)
                .done(),
        ),
        Some(Action::Rm(file)) => fields.add(
            "rm",
            Fields::default()
                .add("path", &file.path)
                .add("allowNotFound", file.allow_not_found)
                .add("allowWildcard", file.allow_wildcard)
                .done(),
        ),
        Some(Action::Symlink(link)) => fields.add(
            "symlink",
            Fields::default()
                .add("oldpath", &link.oldpath)
                .add("newpath", &link.newpath)
                .add("owner", link.owner.as_ref().map(owner))
                .long("timestamp", link.timestamp)
                .done(),
        ),
    }
    .done()
}

fn copy_file(copy: &pb::FileActionCopy) -> Value {
    Fields::default()
        .add("src", &copy.src)
        .add("dest", &copy.dest)
        .add("owner", copy.owner.as_ref().map(owner))
        .add("mode", copy.mode)
        .add("followSymlink", copy.follow_symlink)
        .add("dirCopyContents", copy.dir_copy_contents)
        .add(
            "attemptUnpackDockerCompatibility",
            copy.attempt_unpack_docker_compatibility,
        )
        .add("createDestPath", copy.create_dest_path)
        .add("allowWildcard", copy.allow_wildcard)
        .add("allowEmptyWildcard", copy.allow_empty_wildcard)
        .long("timestamp", copy.timestamp)
        .add("includePatterns", &copy.include_patterns)
        .add("excludePatterns", &copy.exclude_patterns)
        .done()
}

fn owner(owner: &pb::ChownOpt) -> Value {
    let user = |user: &pb::UserOpt| match &user.user {
        // One of several fields says that it is there, even with its default value.
        Some(pb::user_opt::User::ById(id)) => json!({ "byID": id }),
        Some(pb::user_opt::User::ByName(name)) => {
            let fields = Fields::default().add("name", &name.name);
            json!({ "byName": fields.long("input", name.input).done() })
        }
        None => json!({}),
    };
    Fields::default()
        .add("user", owner.user.as_ref().map(user))
        .add("group", owner.group.as_ref().map(user))
        .done()
}

/// What is said of an operation beside it. BuildKit writes this one in Go's form, with names in snake case.
pub(super) fn metadata(metadata: &pb::OpMetadata, resources: Option<&Resources>) -> Value {
    let group = metadata.progress_group.as_ref().map(|group| {
        Fields::default()
            .add("id", &group.id)
            .add("name", &group.name)
            .add("weak", group.weak)
            .done()
    });
    let export = metadata.export_cache.as_ref();
    Fields::default()
        .add("ignore_cache", metadata.ignore_cache)
        .table("description", &metadata.description)
        .add(
            "export_cache",
            export.map(|export| Fields::default().add("Value", export.value).done()),
        )
        .table("caps", &metadata.caps)
        .add("progress_group", group)
        .add("linux_resources", resources.map(limits))
        .done()
}

fn limits(resources: &Resources) -> Value {
    let unsigned = |number: u64| (number != 0).then(|| number.to_string());
    Fields::default()
        .long("memory", resources.memory)
        .long("memorySwap", resources.memory_swap)
        .add("cpuShares", unsigned(resources.cpu_shares))
        .add("cpuPeriod", unsigned(resources.cpu_period))
        .long("cpuQuota", resources.cpu_quota)
        .add("cpusetCpus", &resources.cpuset_cpus)
        .add("cpusetMems", &resources.cpuset_mems)
        .done()
}

/// A place in the file of this number.
pub(super) fn location(location: &pb::Location, number: usize) -> Value {
    let position = |position: Option<pb::Position>| {
        let position = position.unwrap_or_default();
        Fields::default()
            .add("line", position.line)
            .add("character", position.character)
            .done()
    };
    let range =
        |range: &pb::Range| json!({ "start": position(range.start), "end": position(range.end) });
    let ranges: Vec<_> = location.ranges.iter().map(range).collect();
    Fields::default()
        .add("sourceIndex", number)
        .add("ranges", ranges)
        .done()
}
