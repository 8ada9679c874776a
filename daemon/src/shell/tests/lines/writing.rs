//! Commands that write, copy, pack and patch.

use super::check;

#[test]
fn editors_in_place_write() {
    check(&[
        ("sed -i 's/a/b/' a b", "write a, write b"),
        ("sed -i.bak -e 's/a/b/' -e 's/c/d/' src/x.rs", "write src/x.rs"),
        ("sed -i '' 's/a/b/' x", "write x"),
        (r#"sed -E -i "s|$old|$new|g" x"#, "write x"),
        ("sed 's/x/y/' file > out", "write out, read file"),
        (r#"sed -n "${a},${b}p" file"#, "read file"),
        ("sed --in-place 's/a/b/' x", "write x"),
        ("perl -pi -e 's/a/b/' x y", "write x, write y, command ./ !program"),
        (r"perl -0777 -i -pe 's/a\nb/c/' x", "write x, command ./ !program"),
        ("perl -ne 'print if /x/' log", "read log, command ./ !program"),
        ("perl script.pl arg", "read script.pl, command ./ !program"),
    ]);
}

#[test]
fn redirections_count_and_documents_do_not() {
    check(&[
        ("cat > f <<'EOF'\necho SECRET > /etc/x\nEOF", "write f"),
        ("cat <<EOF >> notes.txt\nhello $(cat other)\nEOF", "read other, write notes.txt"),
        ("cat <<-END | tee out.txt\n\tx\n\tEND", "write out.txt"),
        ("cat > a.txt << EOF && cat b.txt\nEOF", "write a.txt, read b.txt"),
        ("tee -a log < in", "read in, write log"),
        ("echo x > out.txt", "write out.txt"),
        ("echo x >> out.txt 2>&1", "write out.txt"),
        ("echo x >| out 2>/dev/null", "write out"),
        ("make 2>&1 | tee build.log", "command ./, write build.log !program"),
        ("cmd &> all.log", "write all.log !command"),
        ("cmd > /dev/null 2> err.txt", "write err.txt !command"),
        ("echo x >&2", ""),
        (r#"printf '%s' "$x" > "$dir/y""#, "!variable"),
        ("cat < in > out", "read in, write out"),
        ("cat 0<in", "read in"),
        ("wc -l < file", "read file"),
        (": > empty", "write empty"),
        ("> empty2", "write empty2"),
        ("exec > log.txt 2>&1", "write log.txt"),
        (r#"cat <<< "hello" > x"#, "write x"),
        ("diff <(sort a) <(sort b)", "read a, read b"),
    ]);
}

#[test]
fn copies_moves_and_links_name_both_ends() {
    check(&[
        ("cp a b", "read a, write b?"),
        ("cp -r src backup/", "read src?, write backup/src?"),
        ("cp a b dir/", "read a, read b, write dir/a, write dir/b"),
        ("cp -t dir a b", "read a, read b, write dir/a, write dir/b"),
        ("cp a .", "read a, write a"),
        ("cp src/*.rs out/", "read src/*, write out/* !glob"),
        ("mkdir -p out && cp a out", "create out/, read a, write out/a"),
        ("mv a b", "rename a?, write b?"),
        ("mv old/*.txt new/", "rename old/*, write new/* !glob"),
        ("mv -f a.tmp a", "rename a.tmp?, write a?"),
        ("rm -rf build", "delete build?"),
        ("rm -f *.o a.txt", "delete ./*, delete a.txt? !glob"),
        ("rm -- -x", "delete -x?"),
        ("rmdir d", "delete d/"),
        ("mkdir -p a/b/c d", "create a/b/c/, create d/"),
        ("mkdir -p src/{a,b}", "create src/a/, create src/b/"),
        ("touch x y", "create x, create y"),
        ("ln -s ../target link", "create link?"),
        ("ln -sf /opt/x bin/", "create bin/x?"),
        ("ln a b", "read a, create b?"),
        ("install -m 755 bin/x /usr/local/bin/", "read bin/x, write /usr/local/bin/x"),
        ("install -d dir", "create dir/"),
        ("rsync -av --exclude node_modules src/ dst/", "read src/, write dst/"),
        ("rsync -a src host:/x", "read src? !elsewhere"),
        ("dd if=/dev/zero of=disk.img bs=1M count=1", "write disk.img"),
        ("truncate -s 0 log", "write log"),
        ("chmod +x run.sh", "write run.sh?"),
        ("chmod -R u+w dir", "write dir?"),
        ("chmod -x run.sh", "write run.sh?"),
        ("chown -R me:me dir", "write dir?"),
        ("patch -p1 < fix.patch", "read fix.patch, command ./ !program"),
        ("patch src/a.rs fix.patch", "write src/a.rs, read fix.patch"),
    ]);
}

#[test]
fn archives_and_downloads_name_files_and_places() {
    check(&[
        ("tar xzf a.tgz", "read a.tgz, write ./*"),
        ("tar -xzf a.tgz -C /opt/x", "read a.tgz, write /opt/x/*"),
        ("tar -czf out.tgz src Cargo.toml", "write out.tgz, read src?, read Cargo.toml?"),
        ("tar -C src -cf - .", "read src/"),
        ("tar tf a.tar", "read a.tar"),
        ("zip -r out.zip src -x '*.o'", "write out.zip, read src?"),
        ("unzip -o a.zip -d dir", "read a.zip, write dir/*"),
        ("unzip -l a.zip", "read a.zip"),
        ("gzip big.log", "delete big.log, write big.log.gz"),
        ("gunzip -k a.gz", "read a.gz, write a"),
        ("curl -sSL https://x.y/z -o out.bin", "write out.bin"),
        ("curl -O https://x.y/z.tgz", "write ./*"),
        ("curl -X POST -d @body.json -H 'A: b' https://x.y", "read body.json"),
        ("wget -qO- https://x.y", ""),
        ("wget -O f https://x.y", "write f"),
    ]);
}

#[test]
fn patches_name_files_in_their_headers_only() {
    check(&[
        (
            "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: src/a.rs\n@@\n-cat secret\n+*** Add File: nothere\n*** Add File: src/new.rs\n+x\n*** Delete File: old.rs\n*** Update File: from.rs\n*** Move to: to.rs\n@@\n*** End Patch\nEOF",
            "write src/a.rs, create src/new.rs, delete old.rs, rename from.rs, write to.rs",
        ),
        (
            "cd sub && apply_patch '*** Begin Patch\n*** Update File: x\n*** End Patch'",
            "chdir sub/, write sub/x -> /w/p/sub",
        ),
    ]);
}
