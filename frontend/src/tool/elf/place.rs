//! Works out what a file needs to use the C library of its volume, by where it lies.

use super::dynamic::Dynamic;
use super::fault::Fault;
use super::image::Image;
use crate::tool::step::Portable;

use object::elf::PT_INTERP;

/// What becomes of a program or library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The program that the kernel starts for it; none leaves what it has. Libraries without one get
    /// none.
    pub interpreter: Option<String>,
    /// Its `DT_RPATH`, in the place of any other and of a `DT_RUNPATH`; none leaves what it has, an empty
    /// one takes both away.
    pub rpath: Option<String>,
    /// Whether libraries that it needs by a path are needed by their name alone.
    pub plain_needed: bool,
    /// Whether it loses what no loader reads.
    pub strip: bool,
}

impl Change {
    /// What the file at `path`, relative to the volume, needs; nothing for the loader itself, for
    /// static programs, and for what is no program or library.
    ///
    /// Programs are told the loader and both folders of libraries, since they say for all libraries
    /// without a path of their own. Libraries keep the paths they have inside of the volume.
    pub fn for_file(path: &str, bytes: &[u8], portable: &Portable) -> Result<Self, Fault> {
        let Some(image) = Image::parse(bytes)? else {
            return Ok(Self::default());
        };
        let Some(dynamic) = Dynamic::read(&image)? else {
            return Ok(Self::default());
        };
        let runtime = parts(&portable.folder);
        let file = parts(path);
        let folder = &file[..file.len().saturating_sub(1)];
        let loader = [&runtime[..], &[&portable.loader]].concat();
        if file == loader {
            return Ok(Self::default());
        }
        let needed = dynamic.needed()?;
        let is_program = image.segment(PT_INTERP).is_some();
        let mut folders: Vec<Vec<&str>> = Vec::new();
        if folder != runtime {
            let paths = dynamic.search_path()?.unwrap_or_default().split(':');
            let paths = paths.chain(
                needed
                    .iter()
                    .filter_map(|name| Some(name.rsplit_once('/')?.0)),
            );
            folders.extend(paths.filter_map(|path| inside(folder, path)));
            if is_program {
                folders.push(runtime[..runtime.len().saturating_sub(1)].to_vec());
            }
        }
        if !needed.is_empty() {
            folders.push(runtime);
        }
        let mut rpath: Vec<String> = Vec::new();
        for target in folders {
            let text = from_origin(folder, &target);
            if !rpath.contains(&text) {
                rpath.push(text);
            }
        }
        Ok(Self {
            interpreter: is_program.then(|| {
                format!(
                    "{}/{}/{}",
                    portable.prefix, portable.folder, portable.loader
                )
            }),
            rpath: Some(rpath.join(":")),
            plain_needed: true,
            strip: false,
        })
    }
}

/// The folder that an entry of a search path means, if it is relative to the file's own folder, and
/// inside of the volume.
fn inside<'a>(folder: &[&'a str], entry: &'a str) -> Option<Vec<&'a str>> {
    let rest = ["$ORIGIN", "${ORIGIN}"]
        .iter()
        .find_map(|origin| entry.strip_prefix(origin))?;
    if rest.contains('$') || !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let mut target = folder.to_vec();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(target.pop()?),
            part => target.push(part),
        }
    }
    Some(target)
}

/// How a file in one folder names another.
fn from_origin(folder: &[&str], target: &[&str]) -> String {
    let common = folder
        .iter()
        .zip(target)
        .take_while(|(one, other)| one == other);
    let common = common.count();
    let up = std::iter::repeat_n("..", folder.len() - common);
    let down = target[common..].iter().copied();
    let parts: Vec<_> = std::iter::once("$ORIGIN").chain(up).chain(down).collect();
    parts.join("/")
}

fn parts(path: &str) -> Vec<&str> {
    let parts = path.split('/');
    parts
        .filter(|part| !part.is_empty() && *part != ".")
        .collect()
}
