package org.simreg.coordinator.cli.job;

import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.node.VertxInstances;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.pack.PackSettings;
import org.simreg.worker.data.pack.ShardPacker;
import org.simreg.worker.data.storage.AnyStore;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.store.FileFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg pack}: writes a data set as tar shards. */
@Command(
        name = "pack",
        description = "Write a data set as tar shards that this and other tools read; goes on where it was stopped.",
        customSynopsis = "simreg pack SOURCE... --out=DIR [OPTIONS]",
        footer = {
            "",
            "Pictures that can't be used are listed in broken.txt.",
            "",
            "Example:",
            "  simreg pack photos --out shards --shard-size 256MB"
        })
public final class PackCommand implements Callable<Integer> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})(B|kB|MB|GB)?");
    private static final int FAR_THREADS = 16;
    private static final List<String> UNITS = List.of("B", "kB", "MB", "GB");

    private final GlobalOptions global;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "SOURCE",
            arity = "1..*",
            description =
                    "Folder or s3://BUCKET/PREFIX, list:FILE, tar:PATTERN or parquet:PATTERN; several are one data set (required)")
    private List<String> sources;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Folder of the shards, or s3://BUCKET/PREFIX (required)")
    private String out;

    @Option(
            names = "--shard-size",
            paramLabel = "SIZE",
            defaultValue = "1GB",
            description = "A shard is no larger, such as 256MB (default: 1GB)")
    private String shardSize;

    @Option(
            names = "--shorter-side",
            paramLabel = "N",
            description = "Make pictures smaller whose shorter side is longer, in px, and write JPEG"
                    + " (default: files stay as they are)")
    private Integer shorterSide;

    @Option(
            names = "--quality",
            paramLabel = "N",
            description = "Write JPEG of this quality (default: 90 with --shorter-side, else files stay as they are)")
    private Integer quality;

    @Option(
            names = "--shuffle",
            paramLabel = "SEED",
            description = "Mix the samples, for tools that read shards in order (default: by class and name)")
    private Long shuffle;

    @Option(
            names = "--label-field",
            paramLabel = "NAME",
            description = "What holds the class in lists and tars, as for distill (default: none)")
    private String labelField;

    @Option(
            names = "--pack-threads",
            paramLabel = "N",
            description = "Shards that are written at once, 1 to 1024"
                    + " (default: one a core; 16 at least where samples lie in a bucket, as reading waits)")
    private Integer threads;

    @Option(names = "--dry-run", description = "Say how large it gets, and write nothing (default: false)")
    private boolean dryRun;

    public PackCommand(GlobalOptions global) {
        this.global = global;
    }

    @Override
    public Integer call() {
        PackSettings settings = new PackSettings(
                bytes(), Optional.ofNullable(shorterSide), Optional.ofNullable(quality), Optional.ofNullable(shuffle));
        int count = threads == null ? usualThreads() : threads;
        if (count < 1 || count > 1024) {
            throw new UserError("--pack-threads: %d is out of bounds; choose 1 to 1024".formatted(count));
        }
        PrintWriter terminal = spec.commandLine().getOut();
        FileFolder folder = AnyStore.folder(out);
        Dataset.Builder dataset = Dataset.newBuilder().addAllPath(sources);
        Optional.ofNullable(labelField).ifPresent(dataset::setLabelField);
        DatasetOpener.Local here =
                new DatasetOpener.Local(VertxInstances.cache(), Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT);
        ImageDataset data = DatasetOpener.local(dataset.build(), here, note -> tell("note: " + note));
        ShardPacker packer = new ShardPacker(data, settings, folder);
        if (dryRun) {
            terminal.println(packer.size());
            terminal.flush();
            return 0;
        }
        tell(packer.size());
        ShardPacker.Packed packed = packer.pack(count, new Told(this::tell));
        terminal.println("%s: %d pictures%s"
                .formatted(
                        out,
                        packed.samples(),
                        packed.broken() == 0
                                ? ""
                                : ", %d can't be used (%s)".formatted(packed.broken(), folder.place("broken.txt"))));
        terminal.flush();
        return 0;
    }

    private int usualThreads() {
        boolean far = sources.stream().map(DataSource::of).anyMatch(DataSource::isObjects);
        return Math.max(far ? FAR_THREADS : 1, Runtime.getRuntime().availableProcessors());
    }

    private void tell(String sentence) {
        if (!global.quiet()) {
            spec.commandLine().getErr().println(sentence);
        }
    }

    /** A monitor that says now and then how far it is. */
    private record Told(Consumer<String> out, AtomicLong last) implements ProgressMonitor {
        private static final long NANOS = 5_000_000_000L;

        Told(Consumer<String> out) {
            this(out, new AtomicLong(System.nanoTime()));
        }

        @Override
        public void at(String what, long done, long total) {
            long before = last.get();
            long now = System.nanoTime();
            if (now - before > NANOS && last.compareAndSet(before, now)) {
                out.accept("%s: %,d of %,d".formatted(what, done, total));
            }
        }

        @Override
        public boolean stopped() {
            return Thread.currentThread().isInterrupted();
        }
    }

    private long bytes() {
        Matcher size = SIZE.matcher(shardSize);
        if (!size.matches()) {
            throw new UserError("--shard-size: '%s' is no size; write 256MB or 1GB".formatted(shardSize));
        }
        int unit = size.group(2) == null ? 0 : UNITS.indexOf(size.group(2));
        return Math.multiplyExact(Long.parseLong(size.group(1)), (long) Math.pow(1000, unit));
    }
}
