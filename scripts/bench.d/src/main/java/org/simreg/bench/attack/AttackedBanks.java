package org.simreg.bench.attack;

import io.grpc.Attributes;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.DeleteBankRequest;
import org.simreg.proto.DescribeBankRequest;
import org.simreg.proto.SearchGrpc;

/** A client of the coordinator's banks that prints a line for each attack. */
public final class AttackedBanks implements AutoCloseable {
    private static final int LARGEST = 64 << 20;
    private static final int SECONDS = 150;

    /** Address of the attacker, one of this machine's. */
    private static final String FROM = System.getProperty("attack.from", "127.0.0.1");

    /** What says that nobody has thought of this, or that nobody is there. */
    private static final Set<Status.Code> NO_ANSWERS =
            EnumSet.of(Status.Code.DEADLINE_EXCEEDED, Status.Code.INTERNAL, Status.Code.UNKNOWN, Status.Code.CANCELLED);

    private final String attack;
    private final ManagedChannel channel;
    private int unanswered;

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

    /** Prints a line with what the trial gives, or the status that it ends with. */
    public void trial(String done, Supplier<String> answer) {
        long begun = System.nanoTime();
        String answered;
        try {
            answered = answer.get();
        } catch (StatusRuntimeException e) {
            answered = e.getStatus().getCode() + ": " + e.getStatus().getDescription();
            unanswered += NO_ANSWERS.contains(e.getStatus().getCode()) ? 1 : 0;
        }
        System.out.printf(
                "%s | %s | %s (%.1f s)%n",
                attack, done, answered.replace('\n', ' '), (System.nanoTime() - begun) / 1e9);
    }

    /** Makes a bank and waits for its end, which is given with its reason. */
    public String made(CreateBankRequest request) {
        search().createBank(request);
        return end(request.getName());
    }

    /** Waits until a bank is ready or has failed. */
    public String end(String name) {
        Iterator<BankStatus> statuses = search().watchBank(
                        DescribeBankRequest.newBuilder().setName(name).build());
        BankStatus last = BankStatus.getDefaultInstance();
        while (statuses.hasNext()) {
            last = statuses.next();
        }
        return last.getState() + (last.getReason().isEmpty() ? "" : ": " + last.getReason());
    }

    public void delete(String name) {
        search().deleteBank(DeleteBankRequest.newBuilder().setName(name).build());
    }

    /** Ends the process with 1 if a trial was not answered with a sentence. */
    @Override
    public void close() {
        channel.shutdownNow();
        if (unanswered > 0) {
            System.exit(1);
        }
    }
}
