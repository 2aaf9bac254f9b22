package org.simreg.coordinator.view.console;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.simreg.proto.Network;
import org.simreg.proto.Printable;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.weights.checkpoint.FileInspection;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.tensor.StateDict;

/** The description of a file of weights as text for people: lines of a label and a value. */
public final class InspectionText {
    private static final int LABEL = 12;
    private static final int MOST_OTHERS = 8;

    private final FileInspection file;
    private final StringBuilder text = new StringBuilder();

    private InspectionText(FileInspection file) {
        this.file = file;
    }

    /**
     * @param keys whether every tensor gets a line
     */
    public static String of(FileInspection file, boolean keys) {
        InspectionText inspection = new InspectionText(file);
        inspection.head();
        inspection.run();
        inspection.contents();
        inspection.networks();
        inspection.heads();
        inspection.others();
        if (keys) {
            inspection.keys();
        }
        return inspection.text.toString();
    }

    /** "float32 [64, 3, 7, 7]". */
    static String tensor(StateDict tensors, String name) {
        String type = tensors.dtype(name).name().toLowerCase(Locale.ROOT);
        return type + " " + Arrays.toString(tensors.shape(name));
    }

    /** "float32 x 122, int64 x 20". */
    static String types(FileInspection file) {
        return file.types().entrySet().stream()
                .map(e -> e.getKey().name().toLowerCase(Locale.ROOT) + " x " + e.getValue())
                .collect(Collectors.joining(", "));
    }

    /** The facts about a network beside its name. */
    private String about(RecognizedFile.FoundNetwork found) {
        List<Part> parts = file.recognised().parts();
        var network = found.network();
        List<String> facts = new ArrayList<>();
        facts.add("complete");
        facts.add(network.outputs() + " features");
        facts.add(Numbers.format("%.1f M parameters", network.parameterCount() / 1e6));
        if (found.classes() > 0) {
            facts.add("last layer of " + Numbers.count(found.classes()) + " classes");
        }
        if (parts.size() > 1) {
            boolean usual = file.usual().filter(found.part()::equals).isPresent();
            facts.add("%s (--part %s%s)"
                    .formatted(found.role().text(), found.part().option(parts), usual ? ", the default" : ""));
        }
        for (Network alike : Networks.alike(found.name())) {
            facts.add("or " + Networks.backbone(alike).name() + ", which has the same names and shapes");
        }
        return String.join(", ", facts);
    }

    /** The facts about a head beside its prefix. */
    static String about(RecognizedFile.FoundHead head) {
        String form = head.form().isEmpty() ? "none of SimReg's forms" : head.form();
        return "%s, %d -> %d (%s)".formatted(form, head.in(), head.out(), head.shapes());
    }

    private void head() {
        Path name = file.file().getFileName();
        line("file", name == null ? "" : name.toString());
        line("SHA-256", file.sha256());
        String kind = file.isRun() ? "checkpoint of a simreg run, " : "";
        line("container", kind + file.contents().container());
        line(
                "tensors",
                "%s with %s values: %s"
                        .formatted(
                                Numbers.count(file.contents().tensors().size()),
                                Numbers.count(file.values()),
                                types(file)));
    }

    private void run() {
        if (!file.isRun()) {
            return;
        }
        RunCheckpoint.Header run = RunCheckpoint.Header.read(file.file());
        line("run", "%s, step %s, digest %s".formatted(run.job().getName(), Numbers.count(run.step()), run.sha256()));
        line("computed on", run.profile());
    }

    private void contents() {
        WeightsFile.Contents contents = file.contents();
        String label = "holds";
        if (!contents.type().isEmpty()) {
            line(label, contents.type());
            label = "";
        }
        for (WeightsFile.Contents.Entry entry : contents.entries()) {
            line(label, "  " + entry.key() + ": " + entry.summary());
            label = "";
        }
        String methods = "methods";
        for (String method : file.methods()) {
            line(methods, method);
            methods = "";
        }
        if (!file.isRun()) {
            contents.notes().forEach((key, value) -> line("note", key + ": " + shortened(value)));
        }
    }

    private void networks() {
        String label = "networks";
        for (RecognizedFile.FoundNetwork found : file.recognised().networks()) {
            line(label, place(found.prefix()) + found.network().name() + ", " + about(found));
            label = "";
        }
        if (!label.isEmpty()) {
            line(
                    label,
                    file.recognised()
                            .nearest()
                            .map(near -> "none complete; nearest is "
                                    + Networks.backbone(near.name()).name()
                                    + " at '"
                                    + near.prefix()
                                    + "': "
                                    + near.problem())
                            .orElse("none that is known here"));
        }
    }

    private void heads() {
        String label = "heads";
        for (RecognizedFile.FoundHead head : file.recognised().heads()) {
            line(label, place(head.prefix()) + about(head));
            label = "";
        }
    }

    /** Tensors at the first two levels of names that belong to no network and no head. */
    private void others() {
        Map<String, Integer> others = file.recognised().others();
        String label = "others";
        for (Map.Entry<String, Integer> other :
                others.entrySet().stream().limit(MOST_OTHERS).toList()) {
            boolean single = file.recognised().tensors().contains(other.getKey());
            String what = single
                    ? tensor(file.recognised().tensors(), other.getKey())
                    : Numbers.count(other.getValue()) + " tensors";
            line(label, other.getKey() + ": " + what);
            label = "";
        }
        if (others.size() > MOST_OTHERS) {
            line(label, "and %d more; --keys lists all".formatted(others.size() - MOST_OTHERS));
        }
    }

    private void keys() {
        StateDict tensors = file.contents().tensors();
        text.append('\n');
        for (String name : file.keys()) {
            text.append(printable(name))
                    .append("  ")
                    .append(tensor(tensors, name))
                    .append('\n');
        }
    }

    private static String place(String prefix) {
        return prefix.isEmpty() ? "" : prefix + "*: ";
    }

    private static String shortened(String value) {
        return value.length() <= 100 ? value : value.substring(0, 97) + "...";
    }

    private void line(String label, String what) {
        String line = label + " ".repeat(Math.max(1, LABEL - label.length())) + printable(what);
        text.append(line.stripTrailing()).append('\n');
    }

    /** Names from a file may hold anything, also what would move a terminal's cursor. */
    private static String printable(String value) {
        return Printable.text(value);
    }
}
