package org.simreg.worker.engine.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processor as libtorch sees it: the instruction sets by which its kernels are chosen, and whether
 * oneDNN can be used on it.
 *
 * <p>Some virtual machines hide the sizes of the caches, by which oneDNN plans its blocks. On AMD its AVX-512
 * convolutions then give NaN now and then, differently from run to run, and those of one pixel end the
 * process with SIGFPE, whatever {@code ONEDNN_MAX_CPU_ISA} says (seen with oneDNN 3.7 of libtorch 2.7.1
 * on Zen 5). There, it is made to plan by the sizes that it assumes of unknown processors; where that can't be done,
 * libtorch's own kernels are used. The profile shows both, because they round differently.
 */
final class Processor {
    private static final Logger LOG = LoggerFactory.getLogger(Processor.class);
    private static final List<String> SETS = List.of("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16");
    private static final List<String> BYTES = List.of("avx512_vnni", "avx_vnni");
    private static final Processor HERE = read(Path.of("/"));

    private final List<String> instructions;
    private final boolean cachesHidden;
    private final boolean bytes;

    private Processor(List<String> instructions, boolean cachesHidden, boolean bytes) {
        this.instructions = instructions;
        this.bytes = bytes;
        this.cachesHidden = cachesHidden;
    }

    /** The one of this machine. */
    static Processor here() {
        return HERE;
    }

    /** The one of a Linux whose {@code proc} and {@code sys} lie below a folder; without them one of no known set. */
    static Processor read(Path root) {
        try (Stream<String> lines = Files.lines(root.resolve("proc/cpuinfo"))) {
            List<String> flags = lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> List.of(line.split("\\s+")))
                    .orElse(List.of());
            Path caches = root.resolve("sys/devices/system/cpu/cpu0/cache/index0");
            return new Processor(
                    SETS.stream().filter(flags::contains).toList(),
                    !Files.exists(caches),
                    BYTES.stream().anyMatch(flags::contains));
        } catch (IOException e) {
            return new Processor(List.of(), false, false);
        }
    }

    /** Whether oneDNN computes here; once it is prepared. */
    boolean oneDnn() {
        return !hidden() || Hidden.ASSUMED;
    }

    /** Whether the machine hides the sizes of caches from a oneDNN that plans by them. */
    boolean hidden() {
        return cachesHidden && instructions.contains("avx2");
    }

    /** Whether it has instructions for products of eight bits that oneDNN was not told to leave out. */
    boolean multipliesBytes() {
        return bytes && System.getenv("ONEDNN_MAX_CPU_ISA") == null && System.getenv("DNNL_MAX_CPU_ISA") == null;
    }

    /**
     * The instruction sets that libtorch chooses its kernels by, and whether with assumed caches or without oneDNN; each
     * word after a space.
     */
    String instructions() {
        String sets = instructions.stream().map(set -> " " + set).collect(Collectors.joining());
        if (!hidden()) {
            return sets;
        }
        return sets + (Hidden.ASSUMED ? " assumed-caches" : " without oneDNN");
    }

    /** Called once libtorch is loaded, before the first convolution. */
    void prepare() {
        if (hidden()) {
            Hidden.prepare();
        }
    }

    /** What a machine with hidden caches needs, done once a process when libtorch is loaded. */
    private static final class Hidden {
        static final boolean ASSUMED;

        static {
            LibtorchFlags flags = new LibtorchFlags();
            flags.withoutNnpack();
            ASSUMED = flags.assumeCacheSizes();
            if (!ASSUMED) {
                flags.withoutOneDnn();
                LOG.info("this machine hides the sizes of its caches, without which oneDNN fails: libtorch computes"
                        + " without it, more slowly");
            }
        }

        static void prepare() {}
    }
}
