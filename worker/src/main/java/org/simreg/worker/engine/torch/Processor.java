package org.simreg.worker.engine.torch;

import com.sun.jna.Function;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processor as libtorch sees it: the instruction sets by which its kernels are chosen.
 *
 * <p>Some virtual machines hide the sizes of the caches, by which oneDNN plans its blocks. Its AVX-512
 * convolutions then give NaN now and then, differently from run to run, and its bfloat16 ones end the
 * process with SIGFPE (seen on oneDNN 3.7 of libtorch 2.7.1, AMD Zen 5). There, oneDNN is limited to
 * AVX2 by {@code ONEDNN_MAX_CPU_ISA}; the profile shows it, because other kernels round differently.
 */
final class Processor {
    private static final Logger LOG = LoggerFactory.getLogger(Processor.class);
    private static final String LIMIT = "ONEDNN_MAX_CPU_ISA";
    private static final String SAFE = "AVX2";
    private static final List<String> SETS = List.of("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16");
    private static final Processor HERE = read(Path.of("/"));

    private final List<String> instructions;
    private final boolean cachesHidden;

    private Processor(List<String> instructions, boolean cachesHidden) {
        this.instructions = instructions;
        this.cachesHidden = cachesHidden;
    }

    /** The one of a Linux whose {@code proc} and {@code sys} lie below a folder; without them one of no known set. */
    static Processor read(Path root) {
        try (Stream<String> lines = Files.lines(root.resolve("proc/cpuinfo"))) {
            List<String> flags = lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> List.of(line.split("\\s+")))
                    .orElse(List.of());
            Path caches = root.resolve("sys/devices/system/cpu/cpu0/cache/index0");
            return new Processor(SETS.stream().filter(flags::contains).toList(), !Files.exists(caches));
        } catch (IOException e) {
            return new Processor(List.of(), false);
        }
    }

    /** Whether oneDNN must not use this processor's AVX-512. */
    boolean limited() {
        return cachesHidden && instructions.contains("avx512f");
    }

    /**
     * The instruction sets that libtorch may use, each after a space.
     *
     * @param limit of oneDNN as the environment sets it, or null
     */
    String instructions(String limit) {
        String onednn = limit == null && limited() ? SAFE : limit;
        String sets = instructions.stream().map(set -> " " + set).collect(Collectors.joining());
        return onednn == null ? sets : sets + " onednn " + onednn;
    }

    /** {@link #instructions(String)} in this process's environment. */
    String instructions() {
        return instructions(System.getenv(LIMIT));
    }

    /**
     * This machine's, once oneDNN knows its limit in this process. Called before the first
     * convolution; a limit that the environment sets stays.
     */
    static Processor prepared() {
        if (HERE.limited() && System.getenv(LIMIT) == null) {
            Limit.set();
        }
        return HERE;
    }

    /** The limit, set once a process: where another library reads it, in the process's environment. */
    private static final class Limit {
        static {
            Function.getFunction("c", "setenv").invokeInt(new Object[] {LIMIT, SAFE, 0});
            LOG.info(
                    "this machine hides the sizes of its caches, without which oneDNN's AVX-512 kernels fail:"
                            + " they are off, as with {}={}",
                    LIMIT,
                    SAFE);
        }

        static void set() {}
    }
}
