package org.simreg.bench.attack;

import io.grpc.Attributes;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DeleteBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.SearchGrpc;

/** A client of the coordinator's banks that prints a line for each attack, and knows what must be answered. */
public final class AttackedBanks implements AutoCloseable {
    /** A pattern of what is made and served. */
    public static final String READY = "READY.*";

    /** A pattern of what has failed with a sentence. */
    public static final String FAILED = "FAILED: .+";

    /** A pattern of a request that is refused with a sentence. */
    public static final String INVALID = "INVALID_ARGUMENT: .+";

    /** A pattern of a query whose picture is broken, or takes more than its bounds. */
    public static final String NO_IMAGE = INVALID + " is no image that can be read: .+";

    private static final Pattern JAVA_NAME = Pattern.compile("\\bjavax?\\.[a-z.]+[A-Z]");
    private static final int LARGEST = 64 << 20;
    private static final int SECONDS = 150;
    private static final int MAKING_SECONDS = 300;
    private static final int PAUSE_SECONDS = 2;

    /** Address of the attacker, one of this machine's. */
    private static final String FROM = System.getProperty("attack.from", "127.0.0.1");

    private final String attack;
    private final ManagedChannel channel;
    private long patience = TimeUnit.SECONDS.toNanos(MAKING_SECONDS);
    private int through;

    /**
     * @param attack its name, which begins each line
     * @param coordinator host and port
     */
    public AttackedBanks(String attack, String coordinator) {
        this.attack = attack;
        channel = NettyChannelBuilder.forTarget(coordinator)
                .usePlaintext()
                .localSocketPicker(new NettyChannelBuilder.LocalSocketPicker() {
                    @Override
                    public SocketAddress createSocketAddress(SocketAddress remote, Attributes attributes) {
                        return new InetSocketAddress(FROM, 0);
                    }
                })
                .maxInboundMessageSize(LARGEST)
                .build();
    }

    public ManagedChannel channel() {
        return channel;
    }

    /** The service, with a deadline that begins now. */
    public SearchGrpc.SearchBlockingStub search() {
        return SearchGrpc.newBlockingStub(channel).withWaitForReady().withDeadlineAfter(SECONDS, TimeUnit.SECONDS);
    }

    /**
     * Prints a line with what the trial gives, or the status that it ends with. Where nobody is there, or others have the memory, it is tried again, for
     * five minutes in all trials together.
     *
     * @param wanted pattern of the whole answer; any other, and one with the name of a Java exception, got through
     */
    public void trial(String done, String wanted, Supplier<String> answer) {
        long begun = System.nanoTime();
        String answered = answered(answer);
        while (isForLater(answered) && !answered.matches(wanted) && patience > 0) {
            long before = System.nanoTime();
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(PAUSE_SECONDS));
            answered = answered(answer);
            patience -= System.nanoTime() - before;
        }
        boolean expected =
                answered.matches(wanted) && !JAVA_NAME.matcher(answered).find();
        through += expected ? 0 : 1;
        System.out.printf(
                "%s | %s | %s (%.1f s)%s%n",
                attack,
                done,
                answered,
                (System.nanoTime() - begun) / 1e9,
                expected ? "" : " | GOT THROUGH: " + wanted + " was to come");
    }

    /** Whether it may be asked again later, as others have all connections or the memory for requests, or no worker attends. */
    private static boolean isForLater(String answered) {
        return answered.startsWith(Status.Code.UNAVAILABLE + ":")
                || answered.startsWith(Status.Code.RESOURCE_EXHAUSTED + ": Too much at a time");
    }

    private static String answered(Supplier<String> answer) {
        try {
            return answer.get().replace('\n', ' ');
        } catch (StatusRuntimeException e) {
            return (e.getStatus().getCode() + ": " + e.getStatus().getDescription()).replace('\n', ' ');
        }
    }

    /** Makes a bank and waits for its end, which is given with its reason. */
    public String made(CreateBankRequest request) {
        try {
            BankStatus begun = search().createBank(request);
            return end(begun.getName());
        } catch (StatusRuntimeException e) {
            // A trial before this one may have come as far.
            if (e.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
                throw e;
            }
            return end(request.getName());
        }
    }

    private String end(String name) {
        Iterator<BankStatus> statuses = SearchGrpc.newBlockingStub(channel)
                .withWaitForReady()
                .withDeadlineAfter(MAKING_SECONDS, TimeUnit.SECONDS)
                .watchBank(DescribeBankRequest.newBuilder().setName(name).build());
        BankStatus last = BankStatus.getDefaultInstance();
        while (statuses.hasNext()) {
            last = statuses.next();
        }
        return last.getState() + (last.getReason().isEmpty() ? "" : ": " + last.getReason());
    }

    /** Deletes a bank, which is a trial of its own. */
    public void delete(String name) {
        trial("deletes " + name, "deleted|NOT_FOUND: .*", () -> {
            search().deleteBank(DeleteBankRequest.newBuilder().setName(name).build());
            return "deleted";
        });
    }

    /** Ends the process with 1 if a trial was answered otherwise than it was to be. */
    @Override
    public void close() {
        channel.shutdownNow();
        if (through > 0) {
            System.exit(1);
        }
    }
}
