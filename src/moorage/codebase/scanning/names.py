"""What the name of a file or folder alone tells; nothing is looked up on the disk here.

The lists are short on purpose: a name that only sometimes means third-party or generated code (`build`,
`dist`, `deps`, `external`, `vendor` without a package manager's file beside it) is not on them, because
leaving out somebody's own code is worse than indexing somebody else's. Names of files are compared without
regard to case; those of folders as they are, since `Pods` is a cache and `pods` a package.
"""

from __future__ import annotations

from moorage.codebase.scanning.models import LeftOut


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TOOL_FOLDERS = _words("""
    .git .hg .svn .bzr .jj .sl CVS __pycache__ .mypy_cache .pytest_cache .ruff_cache .pytype .hypothesis .tox
    .nox .eggs .venv .ipynb_checkpoints .idea .vs .gradle .terraform .next .nuxt .svelte-kit .parcel-cache
    .turbo .cache .yarn .pnpm-store .npm .nyc_output .dart_tool .bundle .direnv .sass-cache .stack-work
    .ccls-cache .clangd .Trash
""")
VENDOR_FOLDERS = _words("""
    node_modules bower_components jspm_packages site-packages third_party third-party thirdparty 3rdparty
    _vendor Godeps Carthage Pods
""")
VENDOR_MANIFESTS = ("go.mod", "go.work", "composer.json", "Gemfile", "Cargo.toml")
"""A folder `vendor` beside one of these was filled by a package manager."""

SECRET_FOLDERS = frozenset((".ssh", ".gnupg"))
SECRET_NAMES = _words("""
    id_rsa id_dsa id_ecdsa id_ecdsa_sk id_ed25519 id_ed25519_sk .netrc _netrc .npmrc .pypirc .pgpass .my.cnf
    .htpasswd .git-credentials .dockercfg .dockerconfigjson .vault_pass .vault-token .s3cfg .boto .envrc
    kubeconfig credentials.json client_secret.json client_secrets.json service_account.json
    service-account.json application_default_credentials.json secrets.yml secrets.yaml secrets.json
    secrets.toml terraform.tfstate terraform.tfstate.backup
""")
SECRET_IN_FOLDER = frozenset(
    ((".aws", "credentials"), (".aws", "config"), (".kube", "config"), (".docker", "config.json"))
)
SECRET_ENDINGS = _words("""
    env pem key p12 pfx p8 jks jceks keystore kdbx ppk pkcs12 kubeconfig tfstate
""")
HARMLESS_ENV_ENDINGS = (".example", ".sample", ".template", ".dist")

LOCK_NAMES = _words("""
    package-lock.json npm-shrinkwrap.json pnpm-lock.yaml bun.lockb go.sum go.work.sum packages.lock.json
    package.resolved cartfile.resolved gradle.lockfile .terraform.lock.hcl conda-lock.yml .pnp.cjs
    .pnp.loader.mjs .package-lock.json
""")

MINIFIED_ENDINGS = (
    ".min.js",
    ".min.mjs",
    ".min.css",
    "-min.js",
    ".js.map",
    ".mjs.map",
    ".cjs.map",
    ".css.map",
    ".ts.map",
)
GENERATED_ENDINGS = (
    *("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi", ".pb.go", ".pb.gw.go", ".pb.cc", ".pb.h"),
    *(".pb.swift", ".pb.dart", "_pb.js", "_pb.d.ts", "_grpc_pb.js", ".g.dart", ".freezed.dart", ".g.cs"),
    *(".g.i.cs", ".designer.cs", ".generated.go", ".generated.ts", ".generated.js", ".generated.cs"),
    *(".gen.go", "_generated.go", ".bundle.js", ".chunk.js", ".chunk.css", ".snap"),
)
GENERATED_STARTS = ("zz_generated.",)

MEDIA_ENDINGS = _words("""
    png jpg jpeg jpe gif bmp ico icns cur webp avif heic heif tif tiff psd ai eps xcf svg svgz dds tga exr
    mp3 mp4 m4a m4v mov avi mkv webm wav flac ogg oga ogv opus aac aif aiff wma wmv mpg mpeg mid midi flv ttf
    otf ttc woff woff2 eot blend fbx glb 3ds stl
""")
BINARY_ENDINGS = _words("""
    pyc pyo pyd so dylib dll exe o obj a lib ko elf class jar war ear aar dex apk ipa wasm node rlib rmeta
    pdb ilk pch gch beam hi dwo nib zip tar gz tgz bz2 tbz xz txz zst lz lz4 lzma 7z rar cab iso dmg img deb
    rpm msi whl egg gem nupkg crate xpi vsix db sqlite sqlite3 mdb accdb mmdb ldb sst rdb ibd npy npz pth
    ckpt onnx safetensors gguf ggml h5 hdf5 tflite parquet feather arrow avro orc pkl pickle joblib rds rdata
    mat sav dta pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub mobi pages numbers vsd swf der crt cer
    crl bin ds_store swp swo lcov gcda gcno prof qm
""")

_REASON_BY_ENDING = dict.fromkeys(BINARY_ENDINGS, LeftOut.BINARY) | dict.fromkeys(MEDIA_ENDINGS, LeftOut.MEDIA)


def why_skip(path: str) -> LeftOut | None:
    """Return why a file, or everything below a folder, is not indexed, as far as its name tells; or None.

    Args:
        path: relative to the root; a folder ends in "/".
    """
    if path.endswith("/"):
        return _why_skip_folder(path[:-1].rpartition("/")[2])
    above, _, name = path.rpartition("/")
    return _why_skip_file(above.rpartition("/")[2], name.lower())


def _why_skip_folder(name: str) -> LeftOut | None:
    if name in TOOL_FOLDERS or name.endswith((".egg-info", ".dist-info")):
        return LeftOut.TOOL_FOLDER
    if name in VENDOR_FOLDERS:
        return LeftOut.VENDORED
    return LeftOut.SECRET if name in SECRET_FOLDERS else None


def _why_skip_file(folder_name: str, name: str) -> LeftOut | None:
    ending = name.rpartition(".")[2] if "." in name else ""
    if _is_secret(folder_name, name, ending):
        return LeftOut.SECRET
    if ending == "lock" or name in LOCK_NAMES:
        return LeftOut.LOCK_FILE
    return _REASON_BY_ENDING.get(ending) or _why_skip_made_file(name)


def _why_skip_made_file(name: str) -> LeftOut | None:
    if name.endswith(MINIFIED_ENDINGS):
        return LeftOut.MINIFIED
    if name.endswith(GENERATED_ENDINGS) or name.startswith(GENERATED_STARTS):
        return LeftOut.GENERATED
    return None


def _is_secret(folder_name: str, name: str, ending: str) -> bool:
    if name in SECRET_NAMES or ending in SECRET_ENDINGS:
        return True
    if name.startswith(".env."):
        return not name.endswith(HARMLESS_ENV_ENDINGS)
    return (folder_name, name) in SECRET_IN_FOLDER
