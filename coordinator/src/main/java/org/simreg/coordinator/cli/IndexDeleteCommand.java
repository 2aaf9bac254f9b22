package org.simreg.coordinator.cli;

import org.simreg.proto.DeleteBankRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code simreg index delete}: one bank. */
@Command(
        name = "delete",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        versionProvider = Version.class,
        description = "Delete a bank and its files; one that is being made is given up.",
        optionListHeading = "%nOptions:%n",
        footer = {"", "Example:", "  simreg index delete photos"})
final class IndexDeleteCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "Name of the bank (required)")
    private String name;

    @Mixin private BankOptions banks;

    @Override
    public void run() {
        try (BankOptions.Access access = banks.open(false)) {
            DeleteBankRequest request = DeleteBankRequest.newBuilder().setName(name).build();
            access.client().search(access.patience(), search -> search.deleteBank(request));
            spec.commandLine().getOut().println("The bank " + name + " is deleted");
            spec.commandLine().getOut().flush();
        }
    }
}
