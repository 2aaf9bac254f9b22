package org.simreg.bench.attack;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.ListBanksRequest;

/**
 * An attack on the coordinator's start by records of banks that are damaged: empty, torn, 6 GB of nothing, of another
 * name, of a making that has ended the process twice. Planted while the coordinator is down; then it is asked for them.
 */
public final class BankRecordsAttack {
    private static final String PREFIX = "attack-record-";

    private BankRecordsAttack() {}

    /**
     * @param arguments {@code plant} and the coordinator's home; or {@code ask} and its host and port
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("plant")) {
            plant(Path.of(arguments[1]).resolve("banks"));
        } else {
            ask(arguments[1]);
        }
    }

    private static void plant(Path banks) throws IOException {
        Files.write(record(banks, "empty"), new byte[0]);
        Files.write(record(banks, "torn"), new byte[] {10, 99, 1});
        Files.write(
                record(banks, "renamed"),
                BankRecord.newBuilder().setName("other").build().toByteArray());
        Files.createDirectory(record(banks, "folder"));
        try (RandomAccessFile sparse =
                new RandomAccessFile(record(banks, "hole").toFile(), "rw")) {
            sparse.setLength(6_000_000_000L);
        }
        BankRecord.Builder deadly = BankRecord.newBuilder()
                .setName(PREFIX + "deadly")
                .setVersion("1")
                .setReplicas(1)
                .setState(BankStatus.State.CREATING)
                .setEndedMakings(2);
        deadly.getSourceBuilder().getFeaturesBuilder().setFeatures("/absent.npy");
        Files.write(record(banks, "deadly"), deadly.build().toByteArray());
        System.out.println("bank records | planted 6 in " + banks + " | start the coordinator and ask");
    }

    private static Path record(Path banks, String name) throws IOException {
        return Files.createDirectories(banks.resolve(PREFIX + name)).resolve("bank.pb");
    }

    private static void ask(String coordinator) {
        try (AttackedBanks attacked = new AttackedBanks("bank records", coordinator)) {
            attacked.trial("the coordinator's list of banks", () -> {
                int count = 0;
                for (BankStatus bank : attacked.search()
                        .listBanks(ListBanksRequest.getDefaultInstance())
                        .getBanksList()) {
                    if (bank.getName().startsWith(PREFIX)) {
                        count++;
                        attacked.trial(bank.getName(), () -> bank.getState() + ": " + bank.getReason());
                        attacked.trial("deletes " + bank.getName(), () -> {
                            attacked.delete(bank.getName());
                            return "deleted";
                        });
                    }
                }
                return count + " of 6 are there";
            });
        }
    }
}
