package org.simreg.worker.engine.torch;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError.BrokenDevice;
import org.simreg.proto.UserError.NotHere;
import org.simreg.worker.base.io.Shortage;

/** The reason in an error of libtorch, which stands behind the trace of where it happened, and the way out. */
public final class LibtorchFailure {
    private static final int LONGEST = 300;
    private static final Pattern ERROR = Pattern.compile("^\\s*(?:[\\w.]*(?:Error|Exception)): (.+)$");
    private static final Pattern SIZES = Pattern.compile(
            "is invalid for input of size|must match the size|must match the existing size|Sizes of tensors must match"
                    + "|expanded size|shapes cannot be multiplied|size mismatch");
    private static final Pattern DEVICE = Pattern.compile("torch\\.device\\(\"([\\w:]+)\"\\)");

    private static final Pattern GPU_MEMORY = Pattern.compile(
            "CUDA out of memory\\. Tried to allocate ([\\d.]+ \\w+)\\. GPU (\\d+) has a total capacity of ([\\d.]+ \\w+)"
                    + " of which ([\\d.]+ \\w+) is free");
    private static final Pattern CPU_MEMORY =
            Pattern.compile("can't allocate memory: you tried to allocate (\\d+) bytes");
    private static final Pattern BROKEN_GPU =
            Pattern.compile("CUDA error: (.*(?:illegal memory access|illegal instruction"
                    + "|unspecified launch failure|device-side assert|misaligned address|uncorrectable ECC|hardware stack error"
                    + "|launch timed out|device is lost|Invalid access of peer GPU memory over nvlink).*)");
    private static final String SMALLER =
            "ask for more micro-batches (--micro-batches), a smaller batch or view, or precision bfloat16";

    private LibtorchFailure() {}

    /**
     * What a failure means, if it is one of memory or of a broken GPU; itself otherwise.
     *
     * @return {@link NotHere} with what was asked for and what was free, or {@link BrokenDevice}
     */
    public static Throwable explained(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String text = String.valueOf(cause.getMessage());
            Matcher gpu = GPU_MEMORY.matcher(text);
            if (gpu.find()) {
                return new NotHere("the memory of cuda:%s is too small: %s more were asked for, %s of %s were free; %s"
                        .formatted(gpu.group(2), gpu.group(1), gpu.group(4), gpu.group(3), SMALLER));
            }
            Matcher cpu = CPU_MEMORY.matcher(text);
            if (cpu.find()) {
                return new NotHere("this machine's memory is too small: libtorch asked for %s more; %s"
                        .formatted(
                                String.format(Locale.ROOT, "%.1f MiB", Long.parseLong(cpu.group(1)) / 1048576.0),
                                SMALLER));
            }
            Matcher broken = BROKEN_GPU.matcher(text);
            if (broken.find()) {
                return new BrokenDevice(shortened(broken.group(1)));
            }
        }
        return Shortage.ofMemory(failure).map(Throwable.class::cast).orElse(failure);
    }

    /** libtorch's own line of the reason. */
    public static String reason(Throwable e) {
        List<String> lines = String.valueOf(e.getMessage())
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
        for (int i = lines.size() - 1; i >= 0; i--) {
            Matcher error = ERROR.matcher(lines.get(i));
            if (error.matches()) {
                return shortened(error.group(1));
            }
        }
        return lines.isEmpty() ? "no reason given" : shortened(lines.get(lines.size() - 1));
    }

    private static String shortened(String line) {
        String text = line.strip();
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
    }

    /**
     * What can be done about a reason; empty where nothing is known.
     *
     * @param code source of the module
     * @param gpu whether it ran on one
     */
    public static String wayOut(String reason, String code, boolean gpu) {
        String lower = reason.toLowerCase(Locale.ROOT);
        Matcher device = DEVICE.matcher(code);
        while (device.find()) {
            boolean other = gpu == device.group(1).startsWith("cpu");
            if (other && (lower.contains("device") || lower.contains("backend") || lower.contains("cuda"))) {
                return "; its code makes tensors on " + device.group(1)
                        + (gpu
                                ? ", and this worker runs it on a GPU: trace it on a GPU, or take it out with torch.jit.script"
                                : ", and this worker has no GPU for it: trace it on the CPU, or use a worker with --device cuda");
            }
        }
        if (SIZES.matcher(reason).find()) {
            return "; a trace holds the batch and image size that it was made with: save it with torch.jit.script, or trace it"
                    + " with x.flatten(1) in place of x.view(1, -1) and images of the size that it is shown";
        }
        boolean half = lower.contains("half") || lower.contains("bfloat16");
        return half ? "; save it in float32: torch.jit.load(FILE).float().save(FILE)" : "";
    }
}
