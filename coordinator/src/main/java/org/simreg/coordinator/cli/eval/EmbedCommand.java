package org.simreg.coordinator.cli.eval;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.MachineOptions;
import org.simreg.coordinator.cli.option.NetworkOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.proto.UserError;
import org.simreg.worker.features.table.TableFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg embed}: features of images, or of a bank, as a table for other programs. */
@Command(
        name = "embed",
        description = "Write the features of images as a table that NumPy, pandas or any other program reads.",
        customSynopsis = {
            "simreg embed SOURCE --weights=FILE --out=DIR [OPTIONS]",
            "       simreg embed bank:DIR --out=DIR [--format=FORMAT]"
        },
        footer = {
            "",
            "Every image is shown once, in the view of evaluations. Stopped or killed it goes on when it is called"
                    + " again, to the same bits. Images that can't be read are left out, and named in left-out.txt."
                    + " For the features that a training reads again and again, of augmented views, there is simreg"
                    + " features.",
            "",
            "Examples:",
            "  simreg embed photos --weights runs/resnet18-photos --out features",
            "  simreg embed 'tar:shards/*.tar' --weights student.pth --out features --format parquet",
            "  simreg embed bank:/data/simreg/banks/photos --out features --format csv"
        })
public final class EmbedCommand implements Callable<Integer> {
    private static final String BANK = "bank:";

    /** Options that say something of a bank's rows too. */
    private static final Set<String> OF_BANKS = Set.of("--out", "--format", "--quiet", "--verbose");

    private final GlobalOptions global;
    private final StopSignal stop;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "SOURCE",
            description = "Folder of images, list:FILE, tar:PATTERN or parquet:PATTERN, with or without train and val;"
                    + " or bank:DIR, the folder of a bank (required)")
    private String source;

    @Option(
            names = "--weights",
            paramLabel = "FILE",
            description = "Any readable checkpoint, a run folder, or torchscript:FILE for a module from"
                    + " images to features; a bank takes none (default: none)")
    private String weights;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Folder that takes the table; made if absent (required)")
    private Path out;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "npy",
            description = "npy, with names and classes in rows.csv; parquet; or csv (default: npy)")
    private TableFormat format;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "all",
            description = "Images that are embedded, of a source that has both: train, val or all (default: all)")
    private Split split;

    @Mixin
    private EvalOptions.ViewOptions view;

    @Mixin
    private NetworkOptions network;

    @Mixin
    private MachineOptions machine;

    /** The parts of a data set that are embedded. */
    enum Split {
        ALL,
        TRAIN,
        VAL;

        boolean takes(String part) {
            return this == ALL || name().toLowerCase(Locale.ROOT).equals(part);
        }
    }

    public EmbedCommand(GlobalOptions global, StopSignal stop) {
        this.global = global;
        this.stop = stop;
    }

    @Override
    public Integer call() {
        if (source.startsWith(BANK)) {
            spec.commandLine().getParseResult().matchedOptions().stream()
                    .map(OptionSpec::longestName)
                    .filter(option -> !OF_BANKS.contains(option))
                    .findFirst()
                    .ifPresent(option -> {
                        throw wrong(option + " goes with images; the rows of a bank are features already");
                    });
            return EmbedRun.bank(Path.of(source.substring(BANK.length())), new EmbedRun.Target(out, format));
        }
        if (weights == null) {
            throw wrong("--weights is missing; name the file that embeds the images");
        }
        EmbedRun.Settings settings;
        try {
            settings = new EmbedRun.Settings(
                    source,
                    split,
                    EvalOptions.weights(weights, network),
                    view.asked(),
                    machine.settings(),
                    global.quiet());
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        return new EmbedRun(settings, new EmbedRun.Target(out, format), stop).run();
    }

    private ParameterException wrong(String what) {
        return new ParameterException(spec.commandLine(), what);
    }
}
