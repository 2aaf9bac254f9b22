package org.simreg.coordinator.cli.bank;

import org.simreg.coordinator.cli.option.BankOptions;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.view.console.BankTables;
import org.simreg.proto.BankStatus;
import org.simreg.proto.DeleteBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.ListBanksRequest;
import org.simreg.proto.ListBanksResponse;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg index} and its subcommands: banks of features to search in. */
@Command(
        name = "index",
        addMethodSubcommands = false,
        description = "Make, list, describe and delete banks of features, which workers search.",
        footer = {"", "See 'simreg index COMMAND --help' for the options of a command."})
public final class IndexCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    private IndexCommand() {}

    /** The command with its subcommands. */
    public static CommandLine of(GlobalOptions global) {
        return new CommandLine(new IndexCommand())
                .addSubcommand(new IndexCreateCommand(global))
                .addSubcommand(method("list"))
                .addSubcommand(method("describe"))
                .addSubcommand(method("delete"));
    }

    /** A subcommand that is a method; picocli by itself would add them before those of classes. */
    private static CommandLine method(String name) {
        return new CommandLine(
                CommandLine.getCommandMethods(IndexCommand.class, name).get(0));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "A command is missing");
    }

    @Command(
            description = "List the banks: state, rows, and how they are held.",
            footer = {"", "Example:", "  simreg index list"})
    void list(@Mixin BankOptions banks) {
        try (BankOptions.Access access = banks.open(false)) {
            ListBanksRequest request = ListBanksRequest.getDefaultInstance();
            ListBanksResponse all = access.client().search(access.patience(), search -> search.listBanks(request));
            print(BankTables.table(all.getBanksList(), System.currentTimeMillis()));
        }
    }

    @Command(
            description = "Show a bank: what made it, and which worker holds which shard, and why.",
            footer = {"", "Example:", "  simreg index describe photos"})
    void describe(
            @Parameters(paramLabel = "NAME", description = "Name of the bank (required)") String name,
            @Mixin BankOptions banks) {
        try (BankOptions.Access access = banks.open(false)) {
            DescribeBankRequest request =
                    DescribeBankRequest.newBuilder().setName(name).build();
            BankStatus bank = access.client().search(access.patience(), search -> search.describeBank(request));
            print(BankTables.description(bank));
        }
    }

    @Command(
            description = "Delete a bank and its files; one that is being made is given up.",
            footer = {"", "Example:", "  simreg index delete photos"})
    void delete(
            @Parameters(paramLabel = "NAME", description = "Name of the bank (required)") String name,
            @Mixin BankOptions banks) {
        try (BankOptions.Access access = banks.open(false)) {
            DeleteBankRequest request =
                    DeleteBankRequest.newBuilder().setName(name).build();
            access.client().search(access.patience(), search -> search.deleteBank(request));
            print("The bank " + name + " is deleted" + System.lineSeparator());
        }
    }

    private void print(String text) {
        spec.commandLine().getOut().print(text);
        spec.commandLine().getOut().flush();
    }
}
