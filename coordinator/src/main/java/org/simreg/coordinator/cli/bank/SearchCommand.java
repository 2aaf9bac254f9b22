package org.simreg.coordinator.cli.bank;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.simreg.coordinator.cli.option.BankOptions;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.node.VertxInstances;
import org.simreg.coordinator.view.console.NeighborText;
import org.simreg.coordinator.view.report.NeighborPage;
import org.simreg.proto.BankStatus;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.Found;
import org.simreg.proto.Roots;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.worker.data.storage.ShownPictures;
import org.simreg.worker.features.search.Shard;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simreg search}: the nearest rows of a bank to images or vectors. */
@Command(
        name = "search",
        description = "Find the nearest rows of a bank by cosine, exactly: a table a query.",
        customSynopsis = {"simreg search NAME IMAGE... [OPTIONS]", "       simreg search NAME --vectors=FILE [OPTIONS]"
        },
        footer = {
            "",
            "Examples:",
            "  simreg search photos cat.jpg dog.jpg --k 5 --html found.html",
            "  simreg search big --vectors queries.npy --json"
        })
public final class SearchCommand implements Callable<Integer> {
    private final GlobalOptions global;

    @Spec
    private CommandSpec spec;

    @Mixin
    private QueryArguments queries;

    @Option(
            names = "--k",
            paramLabel = "N",
            defaultValue = "20",
            description =
                    "Neighbours a query, 1 to " + Shard.MAX_K + "; a smaller bank gives all its rows (default: 20)")
    private int k;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Also write a page with the pictures found, one file without outside references"
                    + " (default: none)")
    private Path html;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where the pictures of the page are on this machine (default: the data set's"
                    + " folder as the bank has it)")
    private Path data;

    @Mixin
    private BankOptions banks;

    private final Set<String> notes = new LinkedHashSet<>();

    public SearchCommand(GlobalOptions global) {
        this.global = global;
    }

    @Override
    public Integer call() {
        if (k < 1) {
            String what = "--k: " + k + " is out of bounds; choose 1 to " + Shard.MAX_K;
            throw new ParameterException(spec.commandLine(), what);
        }
        PrintWriter out = spec.commandLine().getOut();
        List<NeighborPage.Row> rows = new ArrayList<>();
        List<QueryArguments.Part> parts = queries.parts(k);
        try (BankOptions.Access access = banks.open(true)) {
            for (QueryArguments.Part part : parts) {
                List<Found> found = ask(access, part.request());
                for (int i = 0; i < found.size(); i++) {
                    String name = part.names().get(i);
                    out.print(
                            queries.json()
                                    ? NeighborText.json(name, found.get(i))
                                    : NeighborText.table(name, found.get(i)));
                    rows.add(new NeighborPage.Row(name, found.get(i)));
                }
                out.flush();
            }
            if (html != null) {
                write(rows, access);
                if (!global.quiet() && !queries.json()) {
                    out.println("The pictures are in " + html);
                }
            }
        }
        out.flush();
        if (!global.quiet()) {
            notes.forEach(note -> spec.commandLine().getErr().println(note));
            spec.commandLine().getErr().flush();
        }
        return 0;
    }

    private List<Found> ask(BankOptions.Access access, SearchRequest request) {
        SearchRequest asked = request.toBuilder().setK(k).build();
        SearchResponse answer = access.client().search(access.patience(), search -> search.search(asked));
        notes.addAll(answer.getNotesList());
        return answer.getFoundList();
    }

    private void write(List<NeighborPage.Row> rows, BankOptions.Access access) {
        if (data != null) {
            NeighborPage.write(html, queries.bank(), rows, data);
            return;
        }
        DescribeBankRequest request =
                DescribeBankRequest.newBuilder().setName(queries.bank()).build();
        BankStatus bank = access.client().search(access.patience(), search -> search.describeBank(request));
        List<String> files = rows.stream()
                .flatMap(row -> row.found().getHitsList().stream())
                .map(Found.Hit::getFile)
                .filter(file -> !file.isEmpty())
                .toList();
        ShownPictures shown = new ShownPictures(VertxInstances.cache(), Roots.ANYWHERE);
        try (ShownPictures.Folder pictures =
                shown.folder(bank.getSource().getImages().getDataset(), files)) {
            NeighborPage.write(html, queries.bank(), rows, pictures.path());
        }
    }
}
