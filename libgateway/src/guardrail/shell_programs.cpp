#include "guardrail/shell_programs.h"

#include "core/text.h"

namespace gw::guardrail::shell {

namespace {

constexpr Program unknown_program{};

constexpr auto programs = std::to_array<Program>({
    {.names =
         "echo printf test [ [[ true false : pwd export declare typeset local readonly unset set shift alias unalias "
         "trap "
         "which whereis whatis man apropos info help hash ulimit umask wait kill killall pkill pgrep sleep date "
         "basename dirname realpath readlink seq yes expr let return exit break continue read mapfile readarray "
         "getopts "
         "history fc jobs bg fg disown id whoami who w groups hostname uname uptime ps top htop free df mount umount "
         "useradd userdel usermod adduser deluser groupadd gpasswd passwd systemctl service journalctl launchctl "
         "iptables ufw ip ifconfig route sysctl ssh-keygen ssh-add ssh-copy-id tr cal bc clear reset tput stty eval "
         "cd pushd popd dirs mkpasswd nproc arch env printenv tty logger wall write notify-send xset shutdown reboot",
     .operands = Operands::words},
    {.names = "apt apt-get apt-cache aptitude dpkg yum dnf rpm apk pacman snap flatpak brew port pip pip3 pipx uv npm "
              "npx yarn "
              "pnpm bun gem bundle cargo go rustup composer conda mamba cpan cpanm luarocks helm terraform ansible "
              "make cmake "
              "ninja gcc g++ clang clang++ cc c++ rustc javac mvn gradle dotnet nix",
     .operands = Operands::packages,
     .values = "-m -o -t",
     .reads = "-r --requirement",
     .urls = "-i --index-url --extra-index-url --registry --source --find-links --repo"},
    {.names =
         "cat tac nl rev zcat bzcat xzcat zless less more most bat batcat wc md5sum md5 sha1sum sha224sum sha256sum "
         "sha384sum sha512sum b2sum cksum sum shasum file stat ls dir vdir exa eza lsd du readelf objdump nm cmp diff "
         "comm "
         "join paste look tsort expand unexpand column pr fmt iconv lsattr getfacl colordiff vimdiff sdiff pygmentize "
         "type get-content gc get-childitem gci gzcat dump",
     .operands = Operands::reads},
    {.names = "head tail", .operands = Operands::reads, .values = "-n -c --lines --bytes -s --pid"},
    {.names = "sort",
     .operands = Operands::reads,
     .values = "-k -t -S -T --key --field-separator --parallel",
     .writes = "-o --output"},
    {.names = "uniq shuf split csplit",
     .operands = Operands::reads,
     .values = "-f -s -w -n -b -l",
     .writes = "-o --output"},
    {.names = "cut", .operands = Operands::reads, .values = "-d -f -c -b --delimiter --fields --characters --bytes"},
    {.names = "fold tree", .operands = Operands::reads, .values = "-w -L -P -I"},
    {.names = "base64 base32 basenc",
     .operands = Operands::reads,
     .values = "-w --wrap -b",
     .reads = "-i --input",
     .writes = "-o --output"},
    {.names = "od hexdump hd", .operands = Operands::reads, .values = "-N -j -t -A -n -s -e"},
    {.names = "xxd", .operands = Operands::reads, .values = "-l -s -c -g -o"},
    {.names = "strings", .operands = Operands::reads, .values = "-n -t -e --bytes"},
    {.names = "grep egrep fgrep rg ag ack zgrep findstr select-string",
     .operands = Operands::reads,
     .skip = 1,
     .no_skip = "-e --regexp -f --file",
     .values = "-A -B -C -m --max-count -e --regexp --include --exclude --exclude-dir -g --glob -d -D",
     .reads = "-f --file"},
    {.names = "sed gsed",
     .operands = Operands::reads,
     .skip = 1,
     .no_skip = "-e --expression -f --file",
     .values = "-e --expression -l",
     .reads = "-f --file"},
    {.names = "awk gawk mawk nawk",
     .operands = Operands::reads,
     .skip = 1,
     .no_skip = "-f --file",
     .values = "-F -v --assign",
     .reads = "-f --file"},
    {.names = "jq yq",
     .operands = Operands::reads,
     .skip = 1,
     .no_skip = "-f --from-file",
     .values = "--indent",
     .reads = "-f --from-file"},
    {.names = "cp install copy copy-item cpio ditto",
     .operands = Operands::copies,
     .values = "-m --mode -o --owner -g --group -S --suffix",
     .writes = "-t --target-directory"},
    {.names = "mv move move-item rename",
     .operands = Operands::moves,
     .values = "-S --suffix",
     .writes = "-t --target-directory"},
    {.names = "ln link", .operands = Operands::copies, .values = "-S --suffix", .writes = "-t --target-directory"},
    {.names = "scp rsync",
     .operands = Operands::remote_copies,
     .values = "-P -o -c -l -e --rsh --exclude --include --bwlimit -i -F -J -S"},
    {.names = "tee sponge set-content add-content out-file", .operands = Operands::writes},
    {.names = "truncate", .operands = Operands::writes, .values = "-s --size -r --reference"},
    {.names = "touch mkdir mkfifo mknod mkdirhier",
     .operands = Operands::metadata,
     .values = "-d -t -m --mode --date",
     .reads = "-r --reference"},
    {.names = "rm unlink rmdir del erase rd srm trash remove-item ri", .operands = Operands::removes},
    {.names = "shred wipe", .operands = Operands::removes, .values = "-n -s"},
    {.names = "chmod chown chgrp chattr setfacl chcon icacls",
     .operands = Operands::metadata,
     .skip = 1,
     .no_skip = "--reference"},
    {.names = "gzip gunzip bzip2 bunzip2 xz unxz zstd lz4 compress uncompress",
     .operands = Operands::edits,
     .values = "-S --suffix -o"},
    {.names = "zip", .operands = Operands::archive, .values = "-P -x -i -b -n"},
    {.names = "7z 7za 7zr rar", .operands = Operands::archive, .skip = 1},
    {.names = "unzip unrar", .operands = Operands::first_read, .values = "-d -P"},
    {.names = "vim vi nvim nano emacs emacsclient pico micro hx kak code subl gedit kate notepad view",
     .operands = Operands::reads,
     .values = "-c --cmd -u",
     .reads = "-S"},
    {.names = "ed ex patch", .operands = Operands::edits, .values = "-p -d", .reads = "-i"},
    {.names = "sqlite3 sqlite", .operands = Operands::first_read, .values = "-cmd -separator"},
    {.names = "openssl",
     .operands = Operands::words,
     .values = "-pass -passin -passout -k -K -iv -subj -days",
     .reads = "-in -inkey -CAfile -cert",
     .writes = "-out -keyout",
     .urls = "-connect"},
    {.names = "gpg gpg2 age",
     .operands = Operands::reads,
     .values = "-r --recipient -u --local-user --passphrase --batch --keyserver",
     .reads = "-i --identity",
     .writes = "-o --output"},
    {.names = "curl",
     .operands = Operands::urls,
     .values =
         "-H --header -X --request -A --user-agent -e --referer -u --user -m --max-time --connect-timeout --retry -r "
         "--range "
         "-w --write-out --form-string --data-raw --resolve --connect-to -C --limit-rate -E --cert --key --ciphers "
         "--output-dir --max-redirs --retry-delay --interface --proxy-user -U -z -Q --aws-sigv4 --oauth2-bearer",
     .reads =
         "-T --upload-file -K --config --netrc-file --unix-socket --abstract-unix-socket --cacert --capath -b --cookie",
     .writes = "-o --output -D --dump-header -c --cookie-jar --trace --trace-ascii --stderr",
     .at = "-d --data --data-binary --data-ascii --data-urlencode --json -F --form",
     .urls = "--url -x --proxy --preproxy --socks5 --socks5-hostname --socks4 --doh-url"},
    {.names = "wget wget2",
     .operands = Operands::urls,
     .values = "-P --directory-prefix -U --user-agent --header --post-data --body-data --method --user --password -T "
               "--timeout -t "
               "--tries -e --execute -l --level -A -R -D -I -X -Q --limit-rate --referer -w --wait",
     .reads = "-i --input-file --post-file --body-file --load-cookies --ca-certificate --config",
     .writes = "-O --output-document -o --output-file -a --append-output --save-cookies"},
    {.names = "aria2c axel lynx links elinks w3m fetch lwp-request iwr irm invoke-webrequest invoke-restmethod "
              "start-bitstransfer "
              "xdg-open firefox chromium google-chrome",
     .operands = Operands::urls,
     .values = "-d --dir -H --header -n -method -headers -body -contenttype -useragent",
     .reads = "-infile",
     .writes = "-o --out -outfile --output -destination",
     .urls = "-uri -source --all-proxy"},
    {.names = "http https xh xhs curlie certutil bitsadmin open start mshta regsvr32",
     .operands = Operands::some_urls,
     .values = "-a --auth",
     .writes = "-o --output"},
    {.names = "nc ncat netcat nc.traditional nc.openbsd telnet",
     .operands = Operands::host_port,
     .values = "-p -s -w -i -q -X -I -O -T -V -G -b -c -e --exec --sh-exec --source-port --wait",
     .urls = "-x --proxy"},
    {.names = "ssh autossh mosh slogin",
     .operands = Operands::first_host,
     .values = "-p -l -i -o -F -E -L -R -D -W -c -m -b -e -I -S -w -Q -O -M",
     .urls = "-J"},
    {.names = "sftp ftp lftp tftp",
     .operands = Operands::first_host,
     .values = "-P -p -i -o -F -e -u -c",
     .reads = "-b"},
    {.names = "ping ping6 fping traceroute tracepath mtr arping whois rdesktop xfreerdp vncviewer",
     .operands = Operands::hosts,
     .values = "-c -i -W -w -s -t -h -m -p -u"},
    {.names = "dig drill kdig nslookup host resolvectl",
     .operands = Operands::hosts,
     .values = "-p -t -c -k -y -b -W",
     .reads = "-f"},
    {.names = "mail mailx mutt sendmail swaks",
     .operands = Operands::words,
     .values = "-s -r -c -b",
     .reads = "-a -A --attach",
     .urls = "-S --server"},
    {.names = "crontab at batch", .operands = Operands::reads, .values = "-u -t", .reads = "-f"},
    {.names = "kubectl oc",
     .operands = Operands::words,
     .values = "-n --namespace -c --container --context -l -o --output",
     .reads = "-f --filename --kubeconfig -k",
     .urls = "-s --server"},
    {.names = "docker podman nerdctl docker-compose",
     .operands = Operands::words,
     .values = "-c --context --name -e --env -p --publish -w --workdir -u --user --entrypoint --network",
     .reads = "-f --file --env-file",
     .urls = "-H --host"},
    {.names = "git",
     .operands = Operands::words,
     .values = "-c -m --message -b -C --git-dir --work-tree",
     .reads = "-F",
     .writes = "--output"},
    {.names = "source .", .operands = Operands::words},
    {.names = "nmap masscan zmap rustscan arp-scan unicornscan",
     .operands = Operands::hosts,
     .values = "-p --ports -T --rate --script -e --interface -D -S -g",
     .reads = "-iL",
     .writes = "-oN -oX -oG -oA -oL"},
    {.names = "redis-cli mysql psql mongo mongosh mysqldump pg_dump ldapsearch",
     .operands = Operands::words,
     .values = "-p -u -U -d -e -c -n -a -D -b",
     .reads = "-f",
     .writes = "-o",
     .urls = "-h --host -H"},
    {.names = "tar bsdtar gtar find fd fdfind dd socat", .operands = Operands::words},
    {.names = "gh glab hub", .operands = Operands::words, .values = "-R --repo", .reads = "-F --body-file"},
    {.names = "screen tmux", .operands = Operands::words},
    {.names = "sysdig tcpdump tshark wireshark",
     .operands = Operands::words,
     .values = "-i -c -s",
     .reads = "-r -F",
     .writes = "-w"},
    {.names = "mkfs mke2fs mkswap wipefs fdisk parted sgdisk",
     .operands = Operands::writes,
     .values = "-t -L -l -b -n"},
    {.names = "insmod modprobe", .operands = Operands::reads},
    {.names = "visudo", .operands = Operands::words, .writes = "-f"},
    {.names = "mkfs.ext2 mkfs.ext3 mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mkfs.ntfs",
     .operands = Operands::writes,
     .values = "-L -l -b -n"},
    {.names = "nsenter unshare chroot", .operands = Operands::words},
    {.names = "ligolo chisel ngrok cloudflared bore frpc",
     .operands = Operands::some_urls,
     .reads = "-c --config",
     .urls = "--url -connect"},
    {.names = "claude codex gemini opencode cursor-agent aider copilot qwen amp openclaw", .operands = Operands::words},
    {.names = "sudoedit", .operands = Operands::edits, .values = "-u -g"},
    {.names = "reg net net1 sc schtasks wmic taskkill tasklist stop-process get-process", .operands = Operands::words},
    {.names = "iex invoke-expression", .operands = Operands::words},
});

constexpr auto wrappers = std::to_array<Wrapper>({
    {.names = "sudo doas pkexec",
     .values = "-u -g -h -p -C -T -U -r -t -R -D --user --group --host --prompt --chroot --chdir"},
    {.names = "env", .values = "-u --unset -C --chdir", .code = "-S --split-string"},
    {.names = "nohup setsid builtin winpty tsocks proxychains proxychains4 torsocks torify caffeinate fakeroot "
              "unbuffer rlwrap tini "
              "dumb-init catchsegv chronic ts coproc not",
     .values = "-f"},
    {.names = "timeout gtimeout", .skip = 1, .values = "-s --signal -k --kill-after"},
    {.names = "nice renice", .values = "-n --adjustment"},
    {.names = "ionice chrt taskset", .values = "-c -n --class --classdata"},
    {.names = "xargs gxargs",
     .values = "-I -n -P -L -d -E -a -s -J -R --replace --max-args --max-procs --max-lines --delimiter --arg-file"},
    {.names = "time gtime", .values = "-f -o --format --output"},
    {.names = "command exec", .values = "-a"},
    {.names = "busybox toybox"},
    {.names = "stdbuf", .values = "-i -o -e --input --output --error"},
    {.names = "chroot gosu su-exec setuidgid chpst", .skip = 1, .values = "--userspec --groups -u"},
    {.names = "unshare firejail bwrap systemd-run", .values = "-p --property --unit -S -G --bind"},
    {.names = "nsenter", .values = "-t --target -S -G -r -w"},
    {.names = "strace ltrace gdb valgrind perf", .values = "-o -e -p -s -u -E -P"},
    {.names = "watch", .kind = Wrapper::Kind::code, .values = "-n --interval"},
    {.names = "ssh autossh slogin",
     .kind = Wrapper::Kind::code,
     .skip = 1,
     .values = "-p -l -i -o -F -E -L -R -D -W -c -m -b -e -I -S -w -Q -O -J -M"},
    {.names = "su runuser",
     .kind = Wrapper::Kind::option,
     .values = "-s --shell -g -G",
     .code = "-c --command --session-command"},
    {.names = "script flock", .kind = Wrapper::Kind::option, .values = "-w -E -O -I -T", .code = "-c --command"},
    {.names = "docker podman nerdctl docker-compose lxc crictl",
     .skip = 1,
     .values = "-e --env --env-file -u --user -w --workdir -v --volume --mount --name -p --publish --network --net "
               "--entrypoint -l "
               "--label --cpus -m --memory --add-host --cap-add --cap-drop --device --dns -h --hostname --pid --ipc "
               "--platform "
               "--restart --security-opt --tmpfs --ulimit --userns --volumes-from --gpus -H --host --context -c --pull "
               "--detach-keys",
     .before = "exec run create"},
    {.names = "kubectl oc",
     .skip = 1,
     .values = "-n --namespace -c --container --context --kubeconfig -s --server --as --image",
     .before = "exec debug run"},
    {.names = "npx bunx uvx", .values = "-p --package --python --with"},
    {.names = "poetry pipenv conda uv rye hatch pdm bundle pipx",
     .values = "-p --package --python --with -n --name",
     .before = "run exec"},
    {.names = "parallel", .values = "-j --jobs -a --arg-file --delay --timeout"},
    {.names = "wsl adb vagrant", .kind = Wrapper::Kind::code, .values = "-s -d -u -e", .before = "shell"},
});

constexpr auto interpreters = std::to_array<Interpreter>({
    {.names = "sh bash zsh dash ksh mksh pdksh ash fish rbash csh tcsh yash rksh",
     .language = Language::shell,
     .code = "-c --command",
     .values = "-o -O +o +O --rcfile --init-file"},
    {.names = "python pypy ipython python2 python3 micropython",
     .language = Language::script,
     .code = "-c",
     .values = "-W -X",
     .modules = "-m"},
    {.names = "perl", .language = Language::script, .code = "-e -E", .values = "-I"},
    {.names = "ruby jruby", .language = Language::script, .code = "-e", .values = "-r -I"},
    {.names = "node nodejs bun",
     .language = Language::script,
     .code = "-e --eval -p --print -pe",
     .values = "-r --require --import --loader"},
    {.names = "deno", .language = Language::script},
    {.names = "php", .language = Language::script, .code = "-r -B -R -E", .values = "-d -c -z", .modules = "-S"},
    {.names = "lua luajit", .language = Language::script, .code = "-e", .values = "-l"},
    {.names = "osascript julia rscript elixir groovy scala tclsh r",
     .language = Language::script,
     .code = "-e --eval -E",
     .values = "-l"},
    {.names = "powershell pwsh",
     .language = Language::powershell,
     .code = "-c -command -encodedcommand -enc -ec -e -en -enco -encod -encode -encoded -encodedc -com -comm -comma "
             "-comman",
     .values =
         "-executionpolicy -ep -ex -exec -windowstyle -w -wi -win -version -inputformat -outputformat -psconsolefile",
     .modules = "-file -f"},
    {.names = "cmd", .language = Language::batch},
    {.names = "awk gawk mawk nawk", .language = Language::awk, .values = "-F -v --assign", .modules = "-f --file"},
    {.names = "iex invoke-expression", .language = Language::powershell},
});

// Name -> row, made by the compiler: what every command of a text is looked up in. A slot says where in the row's names
// its name is: a table of numbers, a quarter as large as one of views, and nothing to relocate.
template <std::size_t slot_count>
class RowTable {
public:
    template <typename Row, std::size_t row_count>
    constexpr explicit RowTable(const std::array<Row, row_count>& rows) {
        for (std::size_t row = 0; row < row_count; ++row) {
            const std::string_view names = rows[row].names;
            for (std::size_t begin = 0; begin < names.size();) {
                const std::size_t end = std::min(names.find(' ', begin), names.size());
                if (end != begin) insert(rows, row, begin, end - begin);
                begin = end + 1;
            }
        }
    }
    // The first row that has the name.
    template <typename Row, std::size_t row_count>
    [[nodiscard]] const Row* find(const std::array<Row, row_count>& rows, std::string_view name) const noexcept {
        const Slot& slot = slots_[slot_of(rows, name)];
        return slot.size == 0 ? nullptr : &rows[slot.row];
    }

private:
    struct Slot {
        std::uint16_t row = 0, begin = 0, size = 0;
    };
    static constexpr std::size_t hash(std::string_view name) noexcept {
        std::uint32_t value = 2166136261U;  // FNV-1a
        for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
        return value;
    }
    // Where the name is, or the empty slot where it would be.
    template <typename Rows>
    [[nodiscard]] constexpr std::size_t slot_of(const Rows& rows, std::string_view name) const noexcept {
        for (std::size_t at = hash(name);; ++at) {
            const Slot& slot = slots_[at % slot_count];
            if (slot.size == 0 || rows[slot.row].names.substr(slot.begin, slot.size) == name) return at % slot_count;
        }
    }
    template <typename Rows>
    constexpr void insert(const Rows& rows, std::size_t row, std::size_t begin, std::size_t size) {
        Slot& slot = slots_[slot_of(rows, rows[row].names.substr(begin, size))];
        if (slot.size == 0)
            slot = {static_cast<std::uint16_t>(row), static_cast<std::uint16_t>(begin),
                    static_cast<std::uint16_t>(size)};
    }

    std::array<Slot, slot_count> slots_{};  // at most half of them are used
};
constexpr RowTable<2048> program_table(programs);
constexpr RowTable<512> wrapper_table(wrappers);
constexpr RowTable<256> interpreter_table(interpreters);

// `python3.11` is python.
std::string_view without_version(std::string_view name) noexcept {
    while (!name.empty() && (is_digit(name.back()) || name.back() == '.' || name.back() == '-')) name.remove_suffix(1);
    return name;
}

}  // namespace

bool listed(std::string_view list, std::string_view name) noexcept {
    if (name.empty()) return false;
    for (std::size_t at = list.find(name); at != std::string_view::npos; at = list.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
    }
    return false;
}

std::string_view base_name(std::string_view path) noexcept {
    const std::size_t slash = path.find_last_of("/\\");
    if (slash != std::string_view::npos && slash + 1 < path.size()) path.remove_prefix(slash + 1);
    if (path.size() > 4 && equals_ignoring_case(path.substr(path.size() - 4), ".exe")) path.remove_suffix(4);
    return path;
}

const Program& find_program(std::string_view name) noexcept {
    const Program* const found = program_table.find(programs, name);
    return found == nullptr ? unknown_program : *found;
}

const Wrapper* find_wrapper(std::string_view name) noexcept { return wrapper_table.find(wrappers, name); }

const Interpreter* find_interpreter(std::string_view name) noexcept {
    const Interpreter* const found = interpreter_table.find(interpreters, name);
    return found != nullptr ? found : interpreter_table.find(interpreters, without_version(name));
}

}  // namespace gw::guardrail::shell
