package org.simreg.coordinator.cli;

import org.simreg.coordinator.status.BankText;
import org.simreg.proto.DescribeBankRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code simreg index describe}: one bank and its shards. */
@Command(
        name = "describe",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description = "Show a bank: what made it, and which worker holds which shard, and why.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Example:", "  simreg index describe photos"})
final class IndexDescribeCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "Name of the bank (required)")
    private String name;

    @Mixin private BankOptions banks;

    @Override
    public void run() {
        try (BankOptions.Access access = banks.open(false)) {
            DescribeBankRequest request = DescribeBankRequest.newBuilder().setName(name).build();
            var bank =
                    access.client()
                            .search(access.patience(), search -> search.describeBank(request));
            spec.commandLine().getOut().print(BankText.description(bank));
            spec.commandLine().getOut().flush();
        }
    }
}
