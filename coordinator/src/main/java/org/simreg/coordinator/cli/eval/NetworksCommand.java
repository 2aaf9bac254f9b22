package org.simreg.coordinator.cli.eval;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.simreg.coordinator.view.console.Numbers;
import org.simreg.proto.JobField;
import org.simreg.proto.Network;
import org.simreg.worker.network.ComputeCost;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg networks}: the known networks and what can be done with each. */
@Command(
        name = "networks",
        description = "List the known networks: parameters, operations, width of the feature, use as teacher and as"
                + " student, and the libraries whose names of weights are read and written.",
        customSynopsis = "simreg networks [OPTIONS]",
        footer = {"", "Example:", "  simreg networks --size 96"})
public final class NetworksCommand implements Runnable {
    private static final String LINE = "%-20s %10s %14s %8s  %-7s  %-7s  %-68s  %s%n";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--size",
            paramLabel = "N",
            defaultValue = "224",
            description = "Height and width of the image that operations are counted for, 8 to 1024 px (default: 224)")
    private int size;

    @Option(names = "--json", description = "Print JSON instead of a table (default: false)")
    private boolean json;

    @Override
    public void run() {
        if (size < 8 || size > 1024) {
            String what = "--size: " + size + " is out of bounds; choose 8 to 1024 px";
            throw new ParameterException(spec.commandLine(), what);
        }
        List<Row> rows = Networks.all().stream().map(name -> Row.of(name, size)).toList();
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? json(rows) : table(rows));
        out.flush();
    }

    /**
     * A network with its figures.
     *
     * @param parameters trained values
     * @param multiplications of one image, each with its addition
     * @param features width of the pooled feature
     * @param read layouts of weights that are read
     * @param written layouts that are exported
     */
    private record Row(
            String name,
            long parameters,
            long multiplications,
            int features,
            boolean student,
            List<String> read,
            List<String> written) {
        static Row of(Network name, int size) {
            NetworkGraph network = Networks.backbone(name);
            return new Row(
                    network.name(),
                    network.parameterCount(),
                    ComputeCost.multiplications(network, size),
                    network.outputs(),
                    students().contains(network.name()),
                    Networks.read(name).stream().map(Row::word).toList(),
                    Networks.written(name).stream().map(Row::word).toList());
        }

        private static List<String> students() {
            return JobField.all().stream()
                    .filter(field -> field.key().equals("student.network"))
                    .flatMap(field -> field.values().stream())
                    .toList();
        }

        private static String word(NamingLayout layout) {
            return layout.name().toLowerCase(Locale.ROOT);
        }
    }

    private String table(List<Row> rows) {
        StringBuilder text = new StringBuilder();
        String operations = "GFLOP, " + size + " px";
        text.append(LINE.formatted(
                "network", "parameters", operations, "features", "teacher", "student", "names read", "names written"));
        for (Row row : rows) {
            text.append(LINE.formatted(
                    row.name,
                    Numbers.format("%.1f M", row.parameters / 1e6),
                    Numbers.format("%.2f", 2 * row.multiplications / 1e9),
                    row.features,
                    "yes",
                    row.student ? "yes" : "no",
                    String.join(" ", row.read),
                    String.join(" ", row.written)));
        }
        return text.toString();
    }

    private String json(List<Row> rows) {
        return rows.stream()
                .map(row -> String.format(
                        Locale.ROOT,
                        "  {\"network\": \"%s\", \"parameters\": %d, \"flop\": %d, \"size\": %d, \"features\": %d,"
                                + " \"teacher\": true, \"student\": %b, \"read\": %s, \"written\": %s}",
                        row.name,
                        row.parameters,
                        2 * row.multiplications,
                        size,
                        row.features,
                        row.student,
                        words(row.read),
                        words(row.written)))
                .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    }

    private static String words(List<String> words) {
        return words.stream().map(word -> '"' + word + '"').collect(Collectors.joining(", ", "[", "]"));
    }
}
