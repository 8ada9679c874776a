//! Archives: the file itself, what goes in, and where its contents come out.

use crate::shell::arguments::Grammar;
use crate::shell::scope::Field;
use crate::shell::walk::{Call, Walk};
use crate::shell::{How, Reason, Target};

use super::tools::read_all;

type Outcome = Result<(), Reason>;

const TAR: Grammar = Grammar::ANY
    .flags("cxturAzjJZavpPkmOwWhSlUiGd")
    .values("fCTXbIgHLKNV")
    .long(
        "create extract get list append update gzip xz bzip2 zstd verbose preserve-permissions keep-old-files dereference \
         auto-compress overwrite no-same-owner to-stdout totals wildcards no-recursion absolute-names",
    )
    .long_values("file directory files-from exclude exclude-from strip-components transform owner group use-compress-program mode format");

pub(in crate::shell) fn tar(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let arguments = with_dash(call.arguments)?;
    let call = Call { arguments: &arguments, ..*call };
    let parsed = call.parse_as(&TAR)?;
    if parsed.values("C directory").count() > 1 || parsed.has("T files-from") {
        return Err(Reason::Option);
    }
    let file = parsed.values("f file").last().filter(|file| file.exact() != Some("-"));
    let directory = parsed.values("C directory").last();
    if parsed.has("c r u A create append update") {
        touch(walk, file, How::Write);
        walk.inside(directory, |walk| read_all(walk, &parsed.operands));
    } else {
        touch(walk, file, How::Read);
        if parsed.has("x extract get") && !parsed.has("O to-stdout") {
            walk.inside(directory, |walk| walk.touch_here(How::Write, Target::Within));
        }
    }
    Ok(())
}

/// Makes `-xzf a` of the old `xzf a`; values of several letters there would be in another order.
fn with_dash(arguments: &[Field]) -> Result<Vec<Field>, Reason> {
    let mut arguments = arguments.to_vec();
    if let Some(Field::Text(first)) = arguments.first_mut()
        && !first.starts_with('-')
    {
        let valued = first.chars().filter(|letter| TAR.values.contains(*letter)).count();
        let last = first.chars().last().is_some_and(|letter| TAR.values.contains(letter));
        // `xfz a`: the letter with a value goes last.
        if valued > 1 || (valued == 1 && !last && !first.contains('f')) {
            return Err(Reason::Option);
        }
        let others: String =
            first.chars().filter(|letter| !(valued == 1 && *letter == 'f')).collect();
        let moved = if valued == 1 && first.contains('f') { "f" } else { "" };
        *first = format!("-{others}{moved}");
    }
    Ok(arguments)
}

fn touch(walk: &mut Walk, file: Option<&Field>, how: How) {
    if let Some(file) = file {
        walk.touch(file, how, Target::File);
    }
}

pub(in crate::shell) fn zip(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    // Patterns follow `-x` and `-i` up to the end.
    let patterns =
        call.arguments.iter().position(|field| matches!(field.exact(), Some("-x" | "-i")));
    let own = &call.arguments[..patterns.unwrap_or(call.arguments.len())];
    let call = Call { arguments: own, ..*call };
    let parsed = call.parse_as(&Grammar::ANY.flags("rqvj9876543210uymlXDTFe").values("Pbnt"))?;
    let (archive, contents) = parsed.operands.split_first().ok_or(Reason::Option)?;
    if archive.is_many() {
        return Err(Reason::Option);
    }
    touch(walk, Some(archive).copied().filter(|file| file.exact() != Some("-")), How::Write);
    read_all(walk, contents);
    Ok(())
}

pub(in crate::shell) fn unzip(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let parsed = call.parse_as(&Grammar::ANY.flags("oqnjlvtpuafzZ1CLX").values("dxP"))?;
    touch(walk, parsed.operands.first().copied(), How::Read);
    if parsed.has("l v t p z Z") {
        return Ok(());
    }
    match parsed.values("d").last() {
        Some(directory) => walk.touch(directory, How::Write, Target::Within),
        None => walk.touch_here(How::Write, Target::Within),
    }
    Ok(())
}

/// `gzip FILE` leaves `FILE.gz` in its place.
pub(in crate::shell) fn compress(walk: &mut Walk, call: &Call<'_>) -> Outcome {
    let grammar = Grammar::ANY
        .flags("cdfklnNqrtvz0123456789eT")
        .values("So")
        .long("decompress stdout keep force list test quiet verbose best fast");
    let parsed = call.parse_as(&grammar)?;
    let suffix = match call.name {
        "gzip" | "gunzip" | "pigz" => ".gz",
        "bzip2" | "bunzip2" => ".bz2",
        "xz" | "unxz" => ".xz",
        _ => ".zst",
    };
    let keep = parsed.has("k keep") || suffix == ".zst";
    let unpack = parsed.has("d decompress") || call.name.contains("un");
    if parsed.has("r S o") {
        return Err(Reason::Option);
    }
    if parsed.has("c stdout l list t test") {
        read_all(walk, &parsed.operands);
        return Ok(());
    }
    for operand in parsed.operands.iter().filter(|operand| operand.exact() != Some("-")) {
        walk.touch(operand, if keep { How::Read } else { How::Delete }, Target::File);
        let result = match operand.exact() {
            Some(text) if unpack => text.strip_suffix(suffix).map(str::to_owned),
            Some(text) => Some(format!("{text}{suffix}")),
            None => None,
        };
        if let Some(result) = result {
            walk.touch_text(&result, How::Write, Target::File);
        }
    }
    Ok(())
}
