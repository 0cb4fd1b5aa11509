#include "tls/certificates.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "support/test.h"

namespace gw::test {

namespace {

constexpr const char* script = R"(
set -e
exec >log 2>&1
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key; }
authority() {
    key $1
    openssl req -x509 -new -key $1.key -sha256 -subj "/CN=Test authority $1" -days 30 -out $1.pem \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}
# issue <name> <authority> <days> <subject> <extension lines>
issue() {
    openssl req -new -key $1.key -subj "$4" -out $1.csr
    printf "$5" >$1.ext
    openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -sha256 -set_serial 0x$(openssl rand -hex 8) -days $3 \
        -extfile $1.ext -out $1.pem
}
authority ca
authority other_ca

names="subjectAltName=DNS:gateway.test\n"
key server
issue server ca 30 /CN=server "subjectAltName=DNS:gateway.test,DNS:*.wild.test,IP:127.0.0.1,IP:::1\n"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server_rsa.key
issue server_rsa ca 30 /CN=server "$names"
key intermediate
issue intermediate ca 30 "/CN=Test intermediate" "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
key server_chain
issue server_chain intermediate 30 /CN=server "$names"
cat intermediate.pem >>server_chain.pem
key server_named
issue server_named ca 30 /CN=gateway.test "basicConstraints=CA:FALSE\n"
key for_clients
issue for_clients ca 30 /CN=server "${names}extendedKeyUsage=clientAuth\n"
key for_servers
issue for_servers ca 30 /CN=server "${names}extendedKeyUsage=serverAuth\n"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out weak.key
issue weak ca 30 /CN=server "$names"
key client
issue client ca 30 /CN=client "extendedKeyUsage=clientAuth\n"
key stranger
issue stranger other_ca 30 /CN=stranger "extendedKeyUsage=clientAuth\n"

# Times in the past or the future are something that only "openssl ca" can write.
printf 'unique_subject=no\n' >index.txt.attr
: >index.txt
# dated <name> <subject> <start> <end> <extension lines>
dated() {
    key $1
    openssl req -new -key $1.key -subj "$2" -out $1.csr
    printf '[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[e]\n'"$5" >ca.cnf
    openssl ca -config ca.cnf -batch -notext -cert ca.pem -keyfile ca.key -in $1.csr -extensions e \
        -startdate $3 -enddate $4 -out $1.pem
}
dated expired /CN=server 20200101000000Z 20210101000000Z "$names"
dated client_expired /CN=client 20200101000000Z 20210101000000Z "extendedKeyUsage=clientAuth\n"
dated future /CN=server 20900101000000Z 20910101000000Z "$names"
)";

struct Made {
    std::optional<Certificates> certificates;
    std::string failure;

    Made() {
        if (std::system("openssl version >/dev/null 2>&1") != 0) return;
        std::string path = (std::filesystem::temp_directory_path() / "gateway-tls-XXXXXX").string();
        if (mkdtemp(path.data()) == nullptr) {
            failure = "no temporary folder";
            return;
        }
        Certificates made;
        made.folder = path;
        std::ofstream(made.folder / "make.sh") << script;
        if (std::system(("cd " + path + " && sh make.sh").c_str()) != 0) {
            failure = read(made.folder / "log");
            std::filesystem::remove_all(made.folder);
            return;
        }
        made.ca = read(made.folder / "ca.pem");
        made.other_ca = read(made.folder / "other_ca.pem");
        made.server = identity(made.folder, "server");
        made.server_rsa = identity(made.folder, "server_rsa");
        made.server_chain = identity(made.folder, "server_chain");
        made.server_named = identity(made.folder, "server_named");
        made.expired = identity(made.folder, "expired");
        made.future = identity(made.folder, "future");
        made.for_clients = identity(made.folder, "for_clients");
        made.for_servers = identity(made.folder, "for_servers");
        made.weak = identity(made.folder, "weak");
        made.client = identity(made.folder, "client");
        made.stranger = identity(made.folder, "stranger");
        made.client_expired = identity(made.folder, "client_expired");
        certificates = std::move(made);
    }
    ~Made() {
        std::error_code ignored;
        if (certificates) std::filesystem::remove_all(certificates->folder, ignored);
    }

    static std::string read(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
    static Identity identity(const std::filesystem::path& folder, const std::string& name) {
        return {read(folder / (name + ".pem")), read(folder / (name + ".key"))};
    }
};

}  // namespace

const Certificates* certificates() {
    static const Made made;
    INFO(made.failure);
    REQUIRE(made.failure.empty());
    return made.certificates ? &*made.certificates : nullptr;
}

}  // namespace gw::test
