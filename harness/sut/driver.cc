// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/sut/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "harness/base/text.h"
#include "harness/engine/survival.h"
#include "harness/sut/process.h"

namespace parley::sut {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Clock = std::chrono::steady_clock;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

constexpr int kUnsupported = -32001;
constexpr int kMethodNotFound = -32601;
constexpr std::size_t kShownOctets = 200;
constexpr auto kEndWait = 500ms;  // from the end of a pipe to the end of the process
constexpr auto kEndPoll = 2ms;

// Whether arrays and objects nest deeper than may be walked; `line` need not be JSON.
bool too_deep(std::string_view line) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) {
        return true;
      }
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

const json* member(const json& object, const char* name) {
  if (!object.is_object()) {
    return nullptr;
  }
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string text_member(const json& object, const char* name) {
  const json* found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

Result<json> outcome_of(const std::string& method, json& answer) {
  if (const json* error = member(answer, "error"); error != nullptr && !error->is_null()) {
    const json* code = member(*error, "code");
    const auto number = code != nullptr && code->is_number_integer() ? code->get<int>() : 0;
    const auto message = printable(text_member(*error, "message"), kShownOctets);
    const bool unknown = number == kUnsupported || number == kMethodNotFound;
    return fail(
        unknown ? Errc::unsupported : Errc::refused,
        fmt::format("'{}': {} ({})", method, message.empty() ? "no message" : message, number));
  }
  if (!answer.contains("result")) {
    return fail(Errc::io,
                fmt::format("the driver's answer to '{}' has neither result nor error", method));
  }
  const json* unsupported = member(answer["result"], "unsupported");
  if (unsupported != nullptr && unsupported->is_boolean() && unsupported->get<bool>()) {
    return fail(Errc::unsupported, fmt::format("'{}': the driver says unsupported", method));
  }
  return std::move(answer["result"]);
}

// A call that waits for its answer.
struct Pending {
  Pending(const asio::any_io_executor& executor, std::string name)
      : method(std::move(name)), timer(executor) {}
  std::string method;
  asio::steady_timer timer;  // cancelled when the answer is there
  std::optional<Result<json>> answer;
};

}  // namespace

struct Driver::State {
  State(asio::any_io_executor on, Process started, NoticeLog* log)
      : executor(std::move(on)),
        process(std::move(started)),
        in(executor),
        out(executor),
        notices(log) {}

  // Errors: io when the pipes cannot be waited for.
  Result<void> open() {
    boost::system::error_code error;
    in.assign(process->take_output().release(), error);
    if (!error) {
      out.assign(process->take_input().release(), error);
    }
    if (error) {
      return fail(Errc::io, "the driver's pipes: " + error.message());
    }
    return {};
  }

  static asio::awaitable<void> read(std::shared_ptr<State> self);
  static asio::awaitable<void> write(std::shared_ptr<State> self);
  static asio::awaitable<Result<json>> call(std::shared_ptr<State> self, std::string method,
                                            json params, std::chrono::milliseconds timeout);
  // How the process ended, once one of its pipes has; `closed` when it lives on.
  static asio::awaitable<std::string> ending(std::shared_ptr<State> self, std::string closed);

  void run(asio::awaitable<void> task, std::shared_ptr<State> self);
  void take_lines(std::string& held, std::size_t scanned);
  void take_line(std::string_view line);
  void take_notice(const json& message);
  void send(std::string line, const std::shared_ptr<State>& self);
  // Ends all open calls and every later one; the first reason stays.
  void break_off(std::string why);
  void shut();

  asio::any_io_executor executor;
  std::optional<Process> process;  // gone when the Driver is
  asio::posix::stream_descriptor in;
  asio::posix::stream_descriptor out;
  std::string broken;  // why no call can succeed any more
  std::string queue;
  std::size_t in_flight = 0;
  bool writing = false;
  std::int64_t next_id = 1;
  std::map<std::int64_t, std::shared_ptr<Pending>> pending;  // shared with the call that waits
  std::map<std::string, engine::Attachment::NoticeHandler> handlers;
  std::set<std::string> users;  // that had a handler: a notification after its end is only late
  NoticeLog* notices;           // may be null
};

void Driver::State::run(asio::awaitable<void> task, std::shared_ptr<State> self) {
  asio::co_spawn(executor, std::move(task), [self](std::exception_ptr failure) {
    if (failure) {
      self->break_off("reading or writing the driver's pipes failed inside the harness");
    }
  });
}

void Driver::State::break_off(std::string why) {
  if (!broken.empty()) {
    return;
  }
  broken = std::move(why);
  for (auto& [id, call] : std::exchange(pending, {})) {
    call->answer = fail(Errc::io, broken);
    call->timer.cancel();
  }
  boost::system::error_code ignored;
  queue.clear();
  in.close(ignored);
  out.close(ignored);
}

asio::awaitable<std::string> Driver::State::ending(std::shared_ptr<State> self,
                                                   std::string closed) {
  asio::steady_timer timer(self->executor);
  const auto until = Clock::now() + kEndWait;
  while (self->process && Clock::now() < until) {
    if (const auto how = self->process->ending()) {
      co_return fmt::format("the driver ended ({})", to_string(*how));
    }
    timer.expires_after(kEndPoll);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return closed;
}

asio::awaitable<void> Driver::State::read(std::shared_ptr<State> self) {
  std::array<char, 16 * 1024> buffer;
  std::string held;
  while (self->broken.empty()) {
    const auto [error, count] = co_await self->in.async_read_some(asio::buffer(buffer), use_tuple);
    const std::size_t scanned = held.size();
    held.append(buffer.data(), count);
    self->take_lines(held, scanned);
    if (error && self->broken.empty()) {
      auto why = co_await ending(self, "the driver closed its standard output");
      self->break_off(std::move(why));
    }
  }
}

// Octets before `scanned` are known to hold no end of line.
void Driver::State::take_lines(std::string& held, std::size_t scanned) {
  std::size_t begin = 0;
  for (auto end = held.find('\n', scanned); end != std::string::npos && broken.empty();
       end = held.find('\n', begin)) {
    take_line(std::string_view(held).substr(begin, end - begin));
    begin = end + 1;
  }
  held.erase(0, begin);
  if (held.size() > kMaxLineOctets) {
    break_off(fmt::format("the driver printed a line of more than 1 MiB: {}",
                          printable(held, kShownOctets)));
  }
}

void Driver::State::take_line(std::string_view line) {
  if (line.size() > kMaxLineOctets) {
    return break_off(fmt::format("the driver printed a line of more than 1 MiB: {}",
                                 printable(line, kShownOctets)));
  }
  if (too_deep(line)) {
    return break_off(fmt::format("the driver printed JSON more than {} levels deep: {}",
                                 kMaxJsonDepth, printable(line, kShownOctets)));
  }
  json message = json::parse(line, nullptr, false);
  if (!message.is_object()) {
    return break_off(fmt::format("the driver printed a line that is not a JSON object: '{}'",
                                 printable(line, kShownOctets)));
  }
  if (message.contains("method")) {
    return take_notice(message);
  }
  const json* id = member(message, "id");
  const auto found = id != nullptr && id->is_number_integer()
                         ? pending.find(id->get<std::int64_t>())
                         : pending.end();
  if (found == pending.end()) {
    return;
  }
  const auto call = found->second;
  pending.erase(found);
  call->answer = outcome_of(call->method, message);
  call->timer.cancel();
}

void Driver::State::take_notice(const json& message) {
  static const json kNothing = json::object();
  const json* params = member(message, "params");
  const json& given = params != nullptr ? *params : kNothing;
  const auto user = text_member(given, "user");
  const auto method = text_member(message, "method");
  const auto found = handlers.find(user);
  if (notices != nullptr) {
    auto wrong = wrong_with_notice(message);
    if (wrong.empty() && !users.contains(user)) {
      wrong = fmt::format("unknown user '{}'", printable(user, kShownOctets));
    }
    if (!wrong.empty()) {
      notices->add(wrong, message);
    }
  }
  if (found == handlers.end() || method.empty()) {
    return;
  }
  const auto handler = found->second;  // it may replace itself
  handler(method, given);
}

void Driver::State::send(std::string line, const std::shared_ptr<State>& self) {
  queue += line;
  if (!writing) {
    writing = true;
    run(write(self), self);
  }
}

asio::awaitable<void> Driver::State::write(std::shared_ptr<State> self) {
  while (!self->queue.empty() && self->broken.empty()) {
    const std::string lines = std::exchange(self->queue, {});
    self->in_flight = lines.size();
    const auto [error, count] =
        co_await asio::async_write(self->out, asio::buffer(lines), use_tuple);
    self->in_flight = 0;
    if (error && self->broken.empty()) {
      // What it has answered before is read meanwhile.
      auto why = co_await ending(self, "the driver closed its standard input");
      self->break_off(std::move(why));
    }
  }
  self->writing = false;
}

asio::awaitable<Result<json>> Driver::State::call(std::shared_ptr<State> self, std::string method,
                                                  json params, std::chrono::milliseconds timeout) {
  if (!self->broken.empty()) {
    co_return fail(Errc::io, self->broken);
  }
  const auto id = self->next_id++;
  const json request{
      {"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
  auto line = request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  if (line.size() > kMaxLineOctets) {
    co_return fail(Errc::io, fmt::format("'{}': the request is larger than 1 MiB", method));
  }
  if (line.size() + self->queue.size() + self->in_flight > kMaxQueuedOctets) {
    co_return fail(Errc::io, fmt::format("'{}': the driver does not read its standard input: "
                                         "4 MiB wait for it",
                                         method));
  }
  const auto waiting = std::make_shared<Pending>(self->executor, method);
  self->pending.emplace(id, waiting);
  // Also when this coroutine is cancelled.
  struct Forget {
    State& state;
    std::int64_t id;
    ~Forget() { state.pending.erase(id); }
  };
  const Forget forget{*self, id};
  self->send(std::move(line), self);
  const auto until = Clock::now() + timeout;
  waiting->timer.expires_at(until);
  while (!waiting->answer && Clock::now() < until) {
    boost::system::error_code ignored;
    co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!waiting->answer) {
    co_return fail(Errc::timed_out, fmt::format("{} '{}' within {} ms", engine::kDriverSilent,
                                                method, timeout.count()));
  }
  co_return std::move(*waiting->answer);
}

void Driver::State::shut() {
  break_off("the driver was stopped");
  handlers.clear();
  process.reset();
}

Driver::Driver(std::shared_ptr<State> state) : state_(std::move(state)) {}

Driver::~Driver() { state_->shut(); }

Result<std::unique_ptr<Driver>> Driver::start(asio::any_io_executor executor,
                                              std::vector<std::string> command, std::string folder,
                                              std::string log_file, NoticeLog* notices) {
  auto process = Process::start(command, folder, AppendedTo{log_file});
  if (!process) {
    return std::unexpected(process.error());
  }
  auto state = std::make_shared<State>(std::move(executor), std::move(*process), notices);
  if (const auto opened = state->open(); !opened) {
    return std::unexpected(opened.error());
  }
  state->run(State::read(state), state);
  return std::unique_ptr<Driver>(new Driver(std::move(state)));
}

asio::awaitable<Result<json>> Driver::call(std::string method, json params,
                                           std::chrono::milliseconds timeout) {
  return State::call(state_, std::move(method), std::move(params), timeout);
}

void Driver::on_notice(const std::string& user, engine::Attachment::NoticeHandler handler) {
  if (handler) {
    state_->users.insert(user);
    state_->handlers[user] = std::move(handler);
  } else {
    state_->handlers.erase(user);
  }
}

const std::string& Driver::trouble() const { return state_->broken; }

}  // namespace parley::sut
