package org.simreg.bench.attack.port;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The answers to one attack, and what of them got through. */
final class Verdict {
    private final String attack;
    private final List<String> answers = new ArrayList<>();
    private final Set<String> through = new LinkedHashSet<>();

    /**
     * @param attack its name, which begins the line
     */
    Verdict(String attack) {
        this.attack = attack;
    }

    /** Notes an answer that may be any. */
    void note(String answer) {
        answers.add(answer);
    }

    /**
     * Notes an answer, which got through unless it is what is wanted.
     *
     * @param asked what was asked for
     * @param wanted pattern of the whole answer
     */
    void expect(String asked, String answer, Pattern wanted) {
        answers.add(answer);
        check(wanted.matcher(answer).matches(), asked + " was answered with \"" + answer + "\"");
    }

    /** Whether something got through already. */
    boolean isThrough() {
        return !through.isEmpty();
    }

    /**
     * Notes a claim.
     *
     * @param otherwise the sentence if it doesn't hold
     */
    void check(boolean holds, String otherwise) {
        if (!holds) {
            through.add(otherwise);
        }
    }

    /** Asks for the coordinator's health at the port of its RPCs, as a good client. */
    void expectHealth(Target target) throws InterruptedException {
        String answer = target.insisted(() -> {
            try (Http2Attacker client = new Http2Attacker(target)) {
                int call = client.begin("grpc.health.v1.Health/Check");
                client.prefix(call, 0);
                client.end(call);
                return client.ended(call);
            }
        });
        check(answer.startsWith("0 "), "a good client's health check was answered with \"" + answer + "\"");
    }

    /** Asks for the page's health, as a kubelet does. */
    void expectPage(Target target) throws InterruptedException {
        String answer = target.insisted(() -> target.line("/health/live"));
        check(answer.endsWith(" 200 OK"), "the page's health was answered with \"" + answer + "\"");
    }

    /** Prints the line, in which answers that came several times are counted; ends the process with 1 if something got through. */
    void tell(String sent) {
        Map<String, Integer> counted = new TreeMap<>();
        answers.forEach(answer -> counted.merge(plain(answer), 1, Integer::sum));
        System.out.println(attack + ", " + sent + ", " + counted);
        through.forEach(one -> System.out.println(attack + ", GOT THROUGH: " + plain(one)));
        if (!through.isEmpty()) {
            System.exit(1);
        }
    }

    private static String plain(String answer) {
        String line = answer.replaceAll("[\\s\\p{Cntrl}]+", " ").strip();
        return new String(line.getBytes(StandardCharsets.US_ASCII), StandardCharsets.US_ASCII);
    }
}
