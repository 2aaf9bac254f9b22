package org.simreg.coordinator.cli.bank;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Callable;
import org.simreg.coordinator.cli.option.BankOptions;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.view.console.BankTables;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg index create}: makes a bank of images or of features. */
@Command(
        name = "create",
        description = "Make a bank: workers embed the images, or the features of a file are taken, cut"
                + " into shards, kept on disk and held in the workers' memory.",
        customSynopsis = {
            "simreg index create NAME --data=DIR --weights=FILE [OPTIONS]",
            "       simreg index create NAME --features=FILE [--labels=FILE] [--files=FILE]"
        },
        footer = {
            "",
            "Ctrl-C leaves the bank being made; 'simreg index delete NAME' gives it up. With"
                    + " --banks it is made on when the folder is used again.",
            "",
            "Examples:",
            "  simreg index create photos --data photos --weights runs/resnet18-photos",
            "  simreg index create big --features rows.npy --shards 8 --replicas 2"
        })
final class IndexCreateCommand implements Callable<Integer> {
    private static final Duration LONGEST = Duration.ofDays(7);
    private static final long EVERY_NANOS = 2_000_000_000L;

    private final GlobalOptions global;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "Name of the bank: letters, digits, . - _; at most 100 (required)")
    private String name;

    @Mixin
    private BankSourceOptions source;

    @Option(
            names = "--shards",
            paramLabel = "N",
            description = "Pieces that the bank is cut in, 1 to 4096 (default: as many as workers attend)")
    private Integer shards;

    @Option(
            names = "--replicas",
            paramLabel = "N",
            defaultValue = "1",
            description = "Workers that hold each shard, 1 to 16; with 2 the loss of a worker costs no"
                    + " time (default: 1)")
    private int replicas;

    @Option(names = "--detach", description = "Return at once instead of waiting for the bank (default: false)")
    private boolean detach;

    @Mixin
    private BankOptions banks;

    IndexCreateCommand(GlobalOptions global) {
        this.global = global;
    }

    @Override
    public Integer call() {
        CreateBankRequest request = request();
        PrintWriter out = spec.commandLine().getOut();
        try (BankOptions.Access access = banks.open(true)) {
            BankStatus status = created(access, request);
            source.taken().filter(said -> !global.quiet()).ifPresent(this::note);
            if (!detach) {
                status = access.client()
                        .search(
                                LONGEST,
                                search -> watch(search.watchBank(DescribeBankRequest.newBuilder()
                                        .setName(name)
                                        .build())));
            }
            if (status.getState() == BankStatus.State.FAILED) {
                throw new UserError(
                        "The bank %s can't be made: %s; delete it with 'simreg index delete %s' before you try again"
                                .formatted(name, status.getReason(), name));
            }
            out.print(global.quiet() ? "" : BankTables.description(status));
            out.flush();
        }
        return 0;
    }

    private void note(String said) {
        spec.commandLine().getErr().println("note: " + said);
        spec.commandLine().getErr().flush();
    }

    private CreateBankRequest request() {
        try {
            CreateBankRequest.Builder request = CreateBankRequest.newBuilder()
                    .setName(name)
                    .setSource(source.source())
                    .setReplicas(Math.max(0, replicas));
            if (shards != null) {
                request.setShards(Math.max(0, shards));
            }
            return request.build();
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private static BankStatus created(BankOptions.Access access, CreateBankRequest request) {
        return access.client().search(access.patience(), search -> search.createBank(request));
    }

    private BankStatus watch(Iterator<BankStatus> states) {
        PrintWriter err = spec.commandLine().getErr();
        long last = System.nanoTime();
        BankStatus status = states.next();
        while (states.hasNext()) {
            status = states.next();
            if (!global.quiet() && System.nanoTime() - last > EVERY_NANOS) {
                last = System.nanoTime();
                err.println(BankTables.progress(status));
                err.flush();
            }
        }
        return status;
    }
}
