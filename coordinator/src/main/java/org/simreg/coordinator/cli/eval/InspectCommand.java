package org.simreg.coordinator.cli.eval;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.simreg.coordinator.cli.option.PartOption;
import org.simreg.coordinator.view.console.InspectionJson;
import org.simreg.coordinator.view.console.InspectionText;
import org.simreg.worker.weights.checkpoint.FileInspection;
import org.simreg.worker.weights.checkpoint.RunWeights;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg inspect}: what a file of weights holds. */
@Command(
        name = "inspect",
        description = "Tell what a checkpoint holds: networks under their prefixes, heads, what is missing"
                + " for the nearest network. Nothing in the file is executed.",
        customSynopsis = "simreg inspect FILE [OPTIONS]",
        footer = {
            "",
            "Examples:",
            "  simreg inspect moco_v2_800ep_pretrain.pth.tar",
            "  simreg inspect dino_resnet50_full.pth --part student --keys"
        })
public final class InspectCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "FILE",
            description = "PyTorch file (zip or legacy), safetensors, TorchScript archive, checkpoint or"
                    + " folder of a run (required)")
    private Path file;

    @Mixin
    private PartOption part;

    @Option(
            names = "--keys",
            description = "List every tensor with its type and shape; with --part those of it alone (default: false)")
    private boolean keys;

    @Option(names = "--json", description = "Print JSON instead of text (default: false)")
    private boolean json;

    @Override
    public void run() {
        FileInspection inspection = FileInspection.of(RunWeights.weights(file), part.request());
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? InspectionJson.of(inspection, keys) : InspectionText.of(inspection, keys));
        out.flush();
    }
}
