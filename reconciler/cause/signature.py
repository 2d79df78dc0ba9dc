"""What stands in a line that names a cause, whoever wrote it: a table, the more specific rows first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from reconciler.cause.kind import Cause


class Weight(IntEnum):
    """Grade how much a line says, the most first.

    ROOT: it names what went wrong. PEER: ranks failed each other, which a failure of any one of them
    brings about. ENDING: it tells how a process ended, and not why.
    """

    ROOT = 3
    PEER = 2
    ENDING = 1


@dataclass(frozen=True, slots=True)
class Signature:
    """Recognise one way of saying a cause.

    `words` are in lower case: no line without one of them can match. `is_loud`: its writer calls it a
    warning and it is none.
    """

    cause: Cause
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    weight: Weight = Weight.ROOT
    is_loud: bool = False


def _row(
    cause: Cause, words: str, pattern: str, weight: Weight = Weight.ROOT, *, is_loud: bool = False
) -> Signature:
    return Signature(cause, tuple(words.split(",")), re.compile(pattern), weight, is_loud)


_MEMORY = (
    _row(
        Cause.GPU_MEMORY,
        "out of memory,out_of_memory,outofmemory",
        r"\b(?:CUDA|HIP|hip|cuda)\w* (?:error: )?out of memory|torch\.(?:cuda\.)?OutOfMemoryError"
        r"|cudaMalloc(?:Async)? failed|hipMalloc failed|hipErrorOutOfMemory|cudaErrorMemoryAllocation"
        r"|CUDA_ERROR_OUT_OF_MEMORY|out_of_memory: (?:CUDA|HIP|RMM)|(?:Cuda|Hip) Runtime \(out of memory\)"
        r"|CUBLAS_STATUS_ALLOC_FAILED|(?:CUDA|Cuda|HIP) failure.{0,10}out of memory",
    ),
    _row(
        Cause.GPU_MEMORY,
        "resource_exhausted,oom when allocating,resourceexhausted,bfc,alloc_failed,vram,cache blocks,"
        "kv cache,mem-fraction,failed to allocate",
        r"RESOURCE_EXHAUSTED: (?:Out of memory|Failed to allocate|Attempting to reserve)"
        r"|OOM when allocating tensor|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED"
        r"|No available memory for the cache blocks|not enough (?:GPU memory|VRAM)|out of VRAM"
        r"|KV cache is needed, which is larger than the available KV cache memory"
        r"|(?:max seq len|maximum number of tokens).{0,120}KV cache"
        r"|Not enough memory\. Please try to \w+ --mem"
        r"|Failed to allocate memory for \w{1,80} with size",
    ),
    _row(
        Cause.HOST_MEMORY,
        "oom,memory,bad_alloc,heap,killed",
        r"OOMKilled|[Oo]om-?kill(?:er)?:|Memory cgroup out of memory|Out of memory: Kill(?:ed)? process"
        r"|Cannot allocate memory|Unable to allocate [\d.]+ [KMGTP]i?B?|std::bad_alloc"
        r"|memory allocation of \d+ bytes failed|java\.lang\.OutOfMemoryError"
        r"|ray\.exceptions\.OutOfMemoryError"
        r"|killed due to memory pressure|Attempt to allocate \d+ bytes failed|(?:jemalloc"
        r"|mmap).{0,60}out of memory"
        r"|JavaScript heap out of memory|runtime: out of memory|out of memory allocating \d+ bytes"
        r"|node was low on resource: memory|Worker exceeded 95% memory budget"
        r"|[Dd]efaultCPUAllocator: can't allocate"
        r"|[Oo]om[-_ ][Kk]ill(?:ed)?(?: event|\b)|OOM Killed|: task \d{1,6}: Out Of Memory"
        r"|terminated by the OS.{0,40}out of memory|^MemoryError\b|KilledWorker",
    ),
    _row(
        Cause.HOST_MEMORY,
        "killed,sigkill,signal 9,exitcode: -9",
        r"killed by signal: Killed|\bKilled(?: {2,}\S|$)|exited on signal 9|\(exitcode: -9\)"
        r"|was killed by signal 9\b|: task [\d,-]{1,20}: Killed$",
        Weight.ENDING,
    ),
)

_DISK = (
    _row(
        Cause.DISK,
        "space left,disk,shm,signal: bus error,quota exceeded,ephemeral,emptydir,streamwriter,"
        "shared memory,fd limit",
        r"No space left on device|[Dd]isk quota exceeded|database or disk is full|OutOfDiskError"
        r"|PytorchStreamWriter failed writing|insufficient shared memory \(shm\)|out of shared memory"
        r"|ephemeral local storage usage exceeds|node was low on resource: ephemeral-storage"
        r"|Usage of EmptyDir volume .{0,80} exceeds|(?:[Ll]ocal )?[Dd]isk is full"
        r"|There is not enough space on the disk"
        r"|killed by signal: Bus error|DiskPressure|not enough (?:free )?disk space",
    ),
)

_IMAGE = (
    _row(
        Cause.IMAGE,
        "pull,image,manifest",
        r"Failed to pull image|InvalidImageName|couldn't parse image name|pull access denied"
        r"|is not present with pull policy of Never|ErrImageNeverPull|manifest unknown"
        r"|manifest for \S+ not found"
        r"|initializing source docker://|reading manifest \S+ in |SignatureValidationFailed"
        r"|toomanyrequests: You have reached|no match for platform in manifest|RegistryUnavailable",
        is_loud=True,
    ),
    _row(
        Cause.IMAGE,
        "imagepull,back-off pulling",
        r"ErrImagePull|ImagePullBackOff|Back-off pulling image",
        Weight.ENDING,
        is_loud=True,
    ),
)

_REFERENCE = (
    _row(
        Cause.REFERENCE,
        "secret,configmap,volume,mount,persistentvolume,serviceaccount,storageclass,subpath,s3fs",
        r"\b(?:secrets?|configmaps?|persistentvolumeclaims?"
        r"|serviceaccounts?) \"[^\"]{1,253}\" (?:not found|is forbidden)"
        r"|couldn't find key \S{1,253} in (?:Secret|ConfigMap)|references non-existent (?:secret"
        r"|config) key"
        r"|MountVolume\.\w+ failed|MapVolume\.\w+ failed|AttachVolume\.\w+ failed"
        r"|Multi-Attach error for volume"
        r"|Unable to attach or mount volumes|unbound immediate PersistentVolumeClaims"
        r"|\"[^\"]{1,253}\" not found.{0,40}StorageClass"
        r"|storageclass\.storage\.k8s\.io \"[^\"]{1,253}\" not found|failed to create subPath directory"
        r"|failed to prepare subPath|s3fs: |(?:mount|fuse): .{0,120}(?:denied|failed)"
        r"|hostPath type check failed",
        is_loud=True,
    ),
)

_COMMAND = (
    _row(
        Cause.COMMAND,
        "not found,no such file,exec,permission denied,cannot execute,chdir,can't open,is a directory,"
        "unable to find",
        r"^(?:\S{0,80}: )?(?:line )?\d{0,6}:? ?\S{1,200}: (?:command )?not found$"
        r"|^(?:/\S{0,80}/)?(?:ba|da|z|a|k)?sh: (?:line )?\d{0,6}:? ?.{1,200}: (?:not found"
        r"|No such file or directory|Permission denied)$"
        r"|^\S{1,80}: line \d{1,6}: (?:exec: )?\S{1,200}: (?:not found|No such file or directory"
        r"|Permission denied)$"
        r"|\benv: (?:can't execute )?'?[^':]{1,200}'?: No such file or directory"
        r"|exec format error|executable file not found in \$PATH"
        r"|\bcannot execute(?:: required file not found|: Is a directory| binary file)?"
        r"|can't open file '[^']{1,300}': \[Errno|chdir to cwd|^exec:? \S{1,200}: "
        r"|unable to start container process"
        r"|mpirun was unable to find the specified executable"
        r"|stat \S{1,200}: no such file or directory: unknown",
        is_loud=True,
    ),
    _row(
        Cause.COMMAND,
        "error: ,no such option,no such command,override,syntax,no module named,bad config,"
        "unknown option,unexpected,unknown flag,invalid option,specified arguments",
        r"^[\w./ -]{1,80}: error: (?:unrecognized arguments|the following arguments are required"
        r"|argument |invalid choice"
        r"|ambiguous option|one of the arguments|too few arguments|expected)"
        r"|No such (?:option|command)|[Nn]o such subcommand|Got unexpected extra argument"
        r"|Missing (?:option|argument|parameter) '"
        r"|Invalid value for '|Could not override '|^(?:/\S{0,80}/)?(?:ba|da|z)?sh: .{0,80}[Ss]yntax error"
        r"|^\S{1,80}: line \d{1,6}: syntax error|^(?:/\S{1,80}/)?python[\d.]*: No module named"
        r"|Bad config encountered"
        r"|unknown (?:flag|shorthand flag|option|command)[: ]|unrecognized option|[Ii]nvalid option"
        r"|Key '\S{1,80}' is not in struct|Some specified arguments are not used",
    ),
)

_QUOTA = (
    _row(
        Cause.QUOTA,
        "quota,insufficient,preempt,limit,resources,reclaim,free gpu,overused,fragment,in queue",
        r"NonPreemptibleOverQuota|\bOverLimit\b|workload is over quota|has reached the allowable limit"
        r"|exceeded quota:"
        r"|nodes are available: .{0,400}Insufficient |Insufficient (?:nvidia\.com|amd\.com|total )"
        r"|due to node fragmentation"
        r"|In queue - |didn't have enough resources|Resources were not found for"
        r"|insufficient (?:unused )?quota"
        r"|queue resource quota insufficient|\bis overused\b|DUE TO PREEMPTION|^Preempted: "
        r"|Preempted by |\bReclaimed: "
        r"|to reclaim resources for|All nodes are unavailable|There are high priority or pre-created tasks",
        is_loud=True,
    ),
)

_NODE = (
    _row(
        Cause.NODE,
        "xid,fallen,ecc,device handle,node,hang,nvml,hardware error,ras,daemon,healthy devices,maintenance,"
        "802,host is down,nvlink",
        r"NVRM: Xid \(\S{1,40}\): (?:48|6[234]|7[0-9]|8[0-9]|9[2-5]|1[0-9]{2})\b|fallen off the bus"
        r"|uncorrectable (?:NVLink|ECC|hardware) error"
        r"|uncorrectable ECC|HW Exception by GPU node|RAS poison|Failed to initialize NVML"
        r"|Unable to determine the device handle for GPU"
        r"|system not yet initialized"
        r"|\bNodeNotReady\b|NodeLost|TaintManagerEviction|NodeShutdown|imminent node shutdown"
        r"|Node is not ready|node no longer exists"
        r"|[Kk]ubelet stopped posting node status|its node has died|has been marked dead"
        r"|has lost communication with a remote daemon"
        r"|TERMINATE_ON_HOST_MAINTENANCE|no healthy devices present|unhealthy devices|host is down"
        r"|DeletingNode|GPU is lost"
        r"|node \S{1,80} left the rendezvous|does not exist in the cloud provider|NODE FAIL"
        r"|DUE TO NODE FAILURE",
        is_loud=True,
    ),
)

_CRASH = (
    _row(
        Cause.CRASH,
        "segmentation,segfault,sigsegv,assertion,access,signal,corrupt,double free,illegal,bus error,free(),"
        "malloc,nil pointer,smashing",
        r"\bmalloc\.c:\d|Segfault encountered|SIGSEGV received|Signal: Bus error"
        r"|Memory access fault by GPU|illegal memory access|misaligned address"
        r"|CUDA error: unspecified launch failure|illegal instruction was"
        r"|Fatal Python error: (?:Segmentation fault|Bus error|Illegal instruction|Floating)"
        r"|Signal: Segmentation fault|Caught signal (?:11|7|4|8)\b"
        r"|^Signal \(11\) received|SIGSEGV \(0xb\)|invalid memory address or nil pointer|signal SIGSEGV"
        r"|free\(\): invalid|double free or corruption"
        r"|malloc\(\): |corrupted (?:size|double-linked|top|unsorted)|munmap_chunk\(\)"
        r"|stack smashing detected|\bsegfault at [0-9a-f]"
        r"|segmentation fault encountered in worker|killed by signal: (?:Segmentation fault|Aborted"
        r"|Illegal)|^Illegal instruction",
    ),
    _row(Cause.CRASH, "what():", r"^ *what\(\): ", Weight.ENDING),
    _row(
        Cause.CRASH,
        "segmentation fault,signal 11,exitcode: -11,-4),-7),-8),bus error,illegal instruction,"
        "exited on signal",
        r"\bSegmentation fault\b|exited on signal (?:11|7|4|8|6)\b|\(exitcode: -(?:11|4|7|8)\)"
        r"|\bBus error\b|\bIllegal instruction\b",
        Weight.ENDING,
    ),
)

_ASSERTION = (
    _row(
        Cause.ASSERTION,
        "assert,check fail",
        r"\bAssertion [`'].{1,400}[`'] failed|[Dd]evice-side assert(?:ion)?\b"
        r"|^(?:E +)?(?:\w+\.)*AssertionError\b|Check failed: "
        r"|\w*_ASSERT\(.{1,300}\) failed|[Aa]ssertion failed: |^assertion (?:`|failed)"
        r"|assertion `.{1,200}` failed|panicked at 'assertion",
    ),
)

_PEER = (
    _row(
        Cause.COLLECTIVE,
        "collective,watchdog,heartbeat,monitoredbarrier,waiting for clients,client socket,timed out,"
        "stalled,barrier,nccl,rccl,"
        "gloo,tcp connect,timeout,distnetwork,rendezvous,deadline",
        r"Watchdog caught collective operation timeout|monitoredBarrier"
        r"|detected no heartbeat of its watchdog|Heartbeat monitor timed out"
        r"|watchdog got stuck|waiting for clients\. \d+/\d+ clients joined|client socket has timed out"
        r"|stalled for longer than"
        r"|Barrier timed out|Timed out waiting \d+ms for (?:recv|send) operation"
        r"|NCCL WARN .{0,200}(?:[Ff]ail|[Ee]rror|[Tt]ime|completion|closed)"
        r"|(?:NCCL|RCCL) (?:communicator was aborted|operations have failed|error)|DistBackendError"
        r"|DistNetworkError|DistStoreError|ncclRemoteError"
        r"|ncclSystemError|RendezvousTimeoutError|setting up NCCL communicator|wait timeout after \d+ms"
        r"|Socket Timeout"
        r"|Connect(?:ion)? (?:timeout|timed out).{0,60}rank"
        r"|DEADLINE_EXCEEDED: |coordination (?:service|agent).{0,200}(?:heartbeat|timed out|unavailable)",
        Weight.PEER,
    ),
    _row(Cause.COLLECTIVE, "tcp connect", r"failed to TCP connect to a peer", Weight.PEER, is_loud=True),
)

SIGNATURES = (
    *_QUOTA,
    *_IMAGE,
    *_REFERENCE,
    *_DISK,
    *_MEMORY,
    *_NODE,
    *_CRASH,
    *_ASSERTION,
    *_PEER,
    *_COMMAND,
)

CONSEQUENCE = re.compile(
    r"See (?:root cause|stack trace).{0,12}above|stack trace for root cause|ChildFailedError"
    r"|failed \(exitcode: (?!-)|SIGTERM"
    r"|Sending process \d+|Terminating|Engine core init|EngineCore failed|EngineDeadError"
    r"|EngineCore encountered|died unexpectedly"
    r"|process group has NOT been destroyed|[Bb]roken ?[Pp]ipe|Connection reset|Connection closed by"
    r"|Back-off restarting"
    r"|remote process exited|Some NCCL operations have failed|taking the entire process down"
    r"|watchdog thread terminated"
    r"|Exception \(either an error or timeout\) detected|flight recorder|BrokenProcessPool"
    r"|ActorDiedError|WorkerCrashedError"
    r"|exited unexpectedly|HorovodInternalError|Error in atexit|Exception ignored in|CalledProcessError"
    r"|KeyboardInterrupt|SystemExit"
    r"|sigkill_handler|sigquit from|WorkerProc (?:initialization )?failed|Process received signal"
    r"|Fatal Python error: Aborted"
    r"|^Aborted|Unable to retrieve some image pull secrets|terminate called"
)
"""What stands in a line that only tells of a failure that is named elsewhere."""

HARMLESS = re.compile(
    r"NCCL WARN (?:Call to ibv_open_device|MSCCL|Missing \"iommu|NET/IB : No device)|ncclNetPlugin"
    r"|caller indicates that this is not a failure"
    r"|\bPASSED\b|\bok$|\b[Rr]etry(?:ing)?\b|\btrying again\b|\btry later\b|\battempt \d|attempts? left"
    r"|[Nn]ot a failure|Received request "
)
"""What stands in a line that has the words of a cause and is none."""


def _fewest(words: set[str]) -> tuple[str, ...]:
    """Leave out the words that hold another of them."""
    return tuple(sorted(word for word in words if not any(each in word for each in words - {word})))


_WORDS = _fewest({word for signature in SIGNATURES for word in signature.words})


def signature_of(text: str, *, is_quiet: bool) -> Signature | None:
    """Find the first signature that a line has; None for nearly all lines."""
    low = text.lower()
    if not _has_any(low, _WORDS):
        return None
    for signature in SIGNATURES:
        if is_quiet and not signature.is_loud:
            continue
        if _has_any(low, signature.words) and signature.pattern.search(text):
            return None if HARMLESS.search(text) else signature
    return None


def _has_any(low: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - every line comes by here, and any() takes twice as long
        if word in low:
            return True
    return False
