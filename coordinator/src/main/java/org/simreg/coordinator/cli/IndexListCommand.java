package org.simreg.coordinator.cli;

import org.simreg.coordinator.status.BankText;
import org.simreg.proto.ListBanksRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code simreg index list}: a table. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description = "List the banks: state, rows, and how they are held.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Example:", "  simreg index list"})
final class IndexListCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Mixin private BankOptions banks;

    @Override
    public void run() {
        try (BankOptions.Access access = banks.open(false)) {
            var all =
                    access.client()
                            .search(
                                    access.patience(),
                                    search ->
                                            search.listBanks(
                                                    ListBanksRequest.getDefaultInstance()));
            String table = BankText.table(all.getBanksList(), System.currentTimeMillis());
            spec.commandLine().getOut().print(table);
            spec.commandLine().getOut().flush();
        }
    }
}
